{{/* One at a time may be taken away by whoever empties a node. */}}
{{- define "waypost.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "waypost.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "waypost.selector" . | nindent 6 }}
{{- end }}

{{/* (dict "root" $ "part" "ingest" "topic" "wa.events" "group" "waypost.ingest") */}}
{{- define "waypost.scaledObject" -}}
{{- $values := index .root.Values .part "autoscaling" -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "waypost.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    name: {{ include "waypost.fullname" .root }}-{{ .part }}
  pollingInterval: 15
  minReplicaCount: {{ int64 $values.minReplicas }}
  maxReplicaCount: {{ int64 $values.maxReplicas }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        # Each replica more or less has the group share its partitions anew: up at once, down slowly.
        scaleDown:
          stabilizationWindowSeconds: 600
          policies:
            - {type: Pods, value: 1, periodSeconds: 120}
  triggers:
    - type: kafka
      metadata:
        bootstrapServers: {{ .root.Values.kafka.bootstrapServers | quote }}
        consumerGroup: {{ printf "%s%s" .root.Values.kafka.topicPrefix .group | quote }}
        topic: {{ printf "%s%s" .root.Values.kafka.topicPrefix .topic | quote }}
        lagThreshold: {{ int64 $values.lagThreshold | quote }}
        # As the services do, which never skip what was there before them.
        offsetResetPolicy: earliest
        {{- range $name, $value := $values.triggerMetadata }}
        {{ $name }}: {{ $value | quote }}
        {{- end }}
      {{- with $values.authenticationRef }}
      authenticationRef:
        name: {{ . }}
      {{- end }}
{{- end }}
