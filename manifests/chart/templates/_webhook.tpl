{{/* Namespaces that are never asked about, whoever is down. */}}
{{- define "pullguard.namespaceSelector" -}}
matchExpressions:
  # Pullguard must never stand between a cluster and its own recovery.
  - key: kubernetes.io/metadata.name
    operator: NotIn
    {{- $own := list "kube-system" "kube-public" "kube-node-lease" .Release.Namespace .Values.nodeAgent.namespace }}
    values: [{{ concat $own .Values.webhook.exemptNamespaces | uniq | join ", " }}]
  - key: pullguard.dev/mode
    operator: NotIn
    values: ["off"]
  {{- with .Values.webhook.namespaceSelector }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* What is in force, as a list of one webhook configuration; empty at the first installation and without a cluster. */}}
{{- define "pullguard.clientConfig" -}}
{{- $root := .root -}}
service:
  name: {{ include "pullguard.fullname" $root }}
  namespace: {{ $root.Release.Namespace }}
  port: {{ $root.Values.service.port }}
  path: {{ .path }}
{{- with include "pullguard.caBundle" (dict "root" $root "kind" .kind "name" .name) }}
caBundle: {{ . }}
{{- end }}
{{- end -}}

{{/*
The caBundle as far as it is the chart's to set. In the modes selfManaged and certManager somebody else writes it, and a
field that no manifest names survives upgrades, rollbacks and kubectl apply. While the mode changes, the Pods of before still
serve what the bundle of before vouches for: then that one stays beside the new one, or what was ours stays until it is taken
over. A release remembers in an annotation which mode its configuration was written in.
*/}}
{{- define "pullguard.caBundle" -}}
{{- $mode := .root.Values.certificates.mode -}}
{{- $live := lookup "admissionregistration.k8s.io/v1" .kind "" (include "pullguard.fullname" .root) -}}
{{- $annotations := dig "metadata" "annotations" dict $live | default dict -}}
{{- $before := get $annotations "pullguard.dev/certificates" -}}
{{- $bundle := "" -}}
{{- range (dig "webhooks" list $live | default list) -}}
{{- if eq .name $.name -}}{{- $bundle = dig "clientConfig" "caBundle" "" . -}}{{- end -}}
{{- end -}}
{{- if eq $mode "provided" -}}
{{- $own := .root.Values.certificates.provided.caBundle | trim -}}
{{- $old := $bundle | b64dec | trim -}}
{{- if and $old $before (ne $before "provided") (not (contains $own $old)) -}}
{{- printf "%s\n%s\n" $own $old | b64enc -}}
{{- else -}}
{{- printf "%s\n" $own | b64enc -}}
{{- end -}}
{{- else if hasPrefix "provided" $before -}}
{{- $bundle -}}
{{- end -}}
{{- end -}}

{{/* The mode, and whether the bundle was once ours: leaving it out of the manifest would then delete it. */}}
{{- define "pullguard.certificateAnnotations" -}}
{{- $mode := .root.Values.certificates.mode -}}
{{- $live := lookup "admissionregistration.k8s.io/v1" .kind "" (include "pullguard.fullname" .root) -}}
{{- $before := get (dig "metadata" "annotations" dict $live | default dict) "pullguard.dev/certificates" -}}
{{- if and (ne $mode "provided") (hasPrefix "provided" $before) -}}
pullguard.dev/certificates: provided-before-{{ $mode }}
{{- else -}}
pullguard.dev/certificates: {{ $mode }}
{{- end }}
{{- if eq $mode "certManager" }}
cert-manager.io/inject-ca-from: {{ .root.Release.Namespace }}/{{ include "pullguard.fullname" .root }}
{{- end }}
{{- end -}}

{{/* Workloads of the core: what both webhooks are asked about. `pods` is the list of Pod resources. */}}
{{- define "pullguard.rules" -}}
- apiGroups: [""]
  apiVersions: [v1]
  operations: [CREATE, UPDATE]
  resources: [{{ . | join ", " }}, replicationcontrollers, podtemplates]
  scope: Namespaced
- apiGroups: [apps]
  apiVersions: [v1]
  operations: [CREATE, UPDATE]
  resources: [deployments, replicasets, statefulsets, daemonsets]
  scope: Namespaced
- apiGroups: [batch]
  apiVersions: [v1]
  operations: [CREATE, UPDATE]
  resources: [jobs, cronjobs]
  scope: Namespaced
{{- end -}}
