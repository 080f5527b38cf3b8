{{- define "waypost.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* Of a part: (dict "root" $ "part" "api") */}}
{{- define "waypost.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "waypost.labels" -}}
{{ include "waypost.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "waypost.metadata" -}}
name: {{ include "waypost.fullname" .root }}-{{ .part }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "waypost.labels" . | nindent 2 }}
{{- end }}

{{/* (dict "root" $ "image" "store" "tag" "of this part, may be empty") */}}
{{- define "waypost.image" -}}
{{- $registry := .root.Values.image.registry | trimSuffix "/" -}}
{{ with $registry }}{{ . }}/{{ end }}waypost/{{ .image }}:{{ coalesce .tag .root.Values.image.tag .root.Chart.AppVersion }}
{{- end }}
