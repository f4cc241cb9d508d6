{{/* The arguments of `pullguard serve`, one an item. */}}
{{- define "pullguard.serveArgs" -}}
- serve
- --port
- "8443"
- --metrics-port
- "8080"
{{- if eq .Values.certificates.mode "selfManaged" }}
- --certificates
- self-managed
- --certificate-secret
- {{ include "pullguard.tlsSecretName" . }}
- --service-name
- {{ include "pullguard.fullname" . }}
- --webhook-configuration
- {{ include "pullguard.fullname" . }}
{{- else }}
- --cert-dir
- /certs
{{- end }}
- --mode
- {{ .Values.mode | quote }}
{{- if ne .Values.logLevel "info" }}
- --log-level
- {{ .Values.logLevel }}
{{- end }}
{{- if ne .Values.nodeAgent.namespace "pullguard-node-agent" }}
- --agent-namespace
- {{ .Values.nodeAgent.namespace }}
{{- end }}
{{- with .Values.nodes.runtime }}
- --runtime
- {{ . | quote }}
{{- end }}
{{- with .Values.nodes.platform }}
- --platform
- {{ . }}
{{- end }}
{{- if .Values.nodes.credentialsSecret }}
- --node-credentials
- /node-credentials/config.json
{{- else if ne .Values.nodes.credentials "unknown" }}
- --node-credentials
- {{ .Values.nodes.credentials }}
{{- end }}
{{- if eq .Values.layers "skip" }}
- --no-layers
{{- else if eq .Values.layers "verify" }}
- --verify-layers
{{- end }}
{{- with .Values.limits }}
{{- if ne (int .maxInFlight) 128 }}
- --max-in-flight
- {{ .maxInFlight | int | quote }}
{{- end }}
{{- if ne (int .maxQueued) 1024 }}
- --max-queued
- {{ .maxQueued | int | quote }}
{{- end }}
{{- if .registryQps }}
- --registry-qps
- {{ .registryQps | int | quote }}
{{- end }}
{{- if ne (toString .cacheBytes) "64Mi" }}
- --cache-bytes
- {{ .cacheBytes | quote }}
{{- end }}
{{- end }}
{{- if .Values.clientCertificates.configMap }}
- --client-ca
- /client-ca/ca.crt
{{- range .Values.clientCertificates.names }}
- --client-name
- {{ . | quote }}
{{- end }}
{{- end }}
{{- if ne (int .Values.terminationGracePeriodSeconds) 30 }}
- --shutdown-grace
- {{ sub .Values.terminationGracePeriodSeconds 5 | quote }}
{{- end }}
{{- if .Values.watchPulls.enabled }}
- --watch-pulls
{{- end }}
{{- if .Values.audit.enabled }}
- --audit
{{- if ne (float64 .Values.audit.intervalMinutes) 60.0 }}
- --audit-interval
- {{ .Values.audit.intervalMinutes | quote }}
{{- end }}
{{- if ne (float64 .Values.audit.ratePerMinute) 60.0 }}
- --audit-rate
- {{ .Values.audit.ratePerMinute | quote }}
{{- end }}
{{- end }}
{{- with .Values.traces.endpoint }}
- --trace-endpoint
- {{ . | quote }}
{{- if ne (float64 $.Values.traces.ratio) 1.0 }}
- --trace-ratio
- {{ $.Values.traces.ratio | quote }}
{{- end }}
{{- end }}
{{- if not .Values.statusz.enabled }}
- --statusz
- "false"
{{- else if ne .Values.statusz.findings "local" }}
- --statusz-findings
- {{ .Values.statusz.findings }}
{{- end }}
{{- if .Values.policy }}
- --config
- /policy/pullguard.yaml
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
