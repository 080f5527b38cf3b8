{{/* (dict "root" $ "variable" "WAYPOST_MONGO_URL" "key" "mongoUrl") */}}
{{- define "waypost.fromSecret" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.existingSecret.name }}
      key: {{ index .root.Values.existingSecret.keys .key }}
{{- end }}

{{/* A map of settings as a list of variables. */}}
{{- define "waypost.settings" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "waypost.metricsEnvironment" -}}
- name: WAYPOST_METRICS_HOST
  value: 0.0.0.0
- name: WAYPOST_METRICS_PORT
  value: "9100"
{{- end }}

{{/* What every service reads. */}}
{{- define "waypost.environment" -}}
- name: WAYPOST_KAFKA_BOOTSTRAP_SERVERS
  value: {{ required "kafka.bootstrapServers must be told: host:port, separated by commas" .Values.kafka.bootstrapServers | quote }}
- name: WAYPOST_KAFKA_TOPIC_PREFIX
  value: {{ .Values.kafka.topicPrefix | quote }}
- name: WAYPOST_KAFKA_PARTITIONS
  value: {{ int64 .Values.kafka.partitions | quote }}
- name: WAYPOST_KAFKA_REPLICATION_FACTOR
  value: {{ int64 .Values.kafka.replicationFactor | quote }}
- name: WAYPOST_KAFKA_MIN_INSYNC_REPLICAS
  value: {{ int64 .Values.kafka.minInsyncReplicas | quote }}
- name: WAYPOST_KAFKA_BACKENDS
  value: {{ .Values.kafka.backends | quote }}
{{ include "waypost.fromSecret" (dict "root" . "variable" "WAYPOST_MONGO_URL" "key" "mongoUrl") }}
- name: WAYPOST_MONGO_DATABASE
  value: {{ .Values.mongo.database | quote }}
{{ include "waypost.metricsEnvironment" . }}
{{- end }}

{{- define "waypost.networkEnvironment" -}}
- name: WAYPOST_NETWORK_HOST
  value: {{ .host | quote }}
- name: WAYPOST_NETWORK_PORT
  value: "7700"
{{ include "waypost.fromSecret" (dict "root" .root "variable" "WAYPOST_NETWORK_SECRET" "key" "networkSecret") }}
{{- end }}
