{{- define "pullguard.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 50 characters, so that the longest name made of it still fits into a label. */}}
{{- define "pullguard.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "pullguard.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "pullguard.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pullguard.agentName" -}}
{{- printf "%s-node-agent" (include "pullguard.fullname" .) -}}
{{- end -}}

{{- define "pullguard.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "pullguard.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* A name for each mode: while one gives way to another, the Pods of both are there. */}}
{{- define "pullguard.tlsSecretName" -}}
{{- $suffix := get (dict "selfManaged" "certificates" "certManager" "cert-manager-tls" "provided" "tls") .Values.certificates.mode -}}
{{- default (printf "%s-%s" (include "pullguard.fullname" .) $suffix) .Values.certificates.secretName -}}
{{- end -}}

{{- define "pullguard.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- .Values.image.repository -}}:{{- $tag -}}
{{- with .Values.image.digest -}}@{{- . -}}{{- end -}}
{{- end -}}

{{/* What selects the webhook's Pods: never changes, a Deployment's selector must not. */}}
{{- define "pullguard.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pullguard.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pullguard.agentSelectorLabels" -}}
app.kubernetes.io/name: {{ include "pullguard.name" . }}-node-agent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pullguard.releaseLabels" -}}
{{- with .Chart.AppVersion -}}
app.kubernetes.io/version: {{ . | quote }}
{{ end -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pullguard.labels" -}}
{{ include "pullguard.selectorLabels" . }}
{{ include "pullguard.releaseLabels" . }}
{{- end -}}

{{- define "pullguard.agentLabels" -}}
{{ include "pullguard.agentSelectorLabels" . }}
{{ include "pullguard.releaseLabels" . }}
{{- end -}}

{{/* Annotations of an object, indented as in its metadata: the common ones and, as `own`, its own. Nothing where there are none. */}}
{{- define "pullguard.annotations" -}}
{{- with merge (dict) (default dict .own) .root.Values.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}

{{/* The account of the webhook, as the subject of a binding. */}}
{{- define "pullguard.subject" -}}
kind: ServiceAccount
name: {{ include "pullguard.serviceAccountName" . }}
namespace: {{ .Release.Namespace }}
{{- end -}}
