{{/*
A ClusterRole <fullname>-<suffix> with its binding to the webhook's account.
@param suffix, comment (lines), rules (YAML text)
*/}}
{{- define "pullguard.clusterRights" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ include "pullguard.fullname" .root }}-{{ .suffix }}
  labels:
    {{- include "pullguard.labels" .root | nindent 4 }}
  {{- include "pullguard.annotations" (dict "root" .root) }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ include "pullguard.fullname" .root }}-{{ .suffix }}
  labels:
    {{- include "pullguard.labels" .root | nindent 4 }}
  {{- include "pullguard.annotations" (dict "root" .root) }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ include "pullguard.fullname" .root }}-{{ .suffix }}
subjects:
  - {{ include "pullguard.subject" .root | indent 4 | trim }}
{{- end -}}
