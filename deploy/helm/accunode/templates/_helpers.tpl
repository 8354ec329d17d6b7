{{/* Names and what several templates share. */}}
{{- define "accunode.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "accunode.labels" -}}
app.kubernetes.io/name: accunode
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "accunode.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "accunode.name" .) }}
{{- end }}

{{- define "accunode.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "accunode.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "accunode.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end }}

{{- define "accunode.env" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.urlKey }}
{{- with .Values.database.directUrlKey }}
- name: ACCUNODE_DIRECT_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.database.existingSecret }}
      key: {{ . }}
{{- end }}
{{- with .Values.database.readUrlKey }}
- name: ACCUNODE_READ_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.database.existingSecret }}
      key: {{ . }}
{{- end }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.redis.existingSecret }}
      key: {{ .Values.redis.urlKey }}
- name: ACCUNODE_SECRET_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secretKey.existingSecret }}
      key: {{ .Values.secretKey.key }}
- name: ACCUNODE_LISTEN
  value: "0.0.0.0:8080"
- name: ACCUNODE_DATA_DIR
  value: /var/lib/accunode
- name: ACCUNODE_LOG_FORMAT
  value: json
- name: ACCUNODE_DRAIN_SECONDS
  value: {{ .Values.drainSeconds | quote }}
{{- with .Values.files }}
{{- if .url }}
- name: ACCUNODE_FILES_URL
  value: {{ .url | quote }}
{{- end }}
{{- if .region }}
- name: ACCUNODE_FILES_REGION
  value: {{ .region | quote }}
{{- end }}
{{- if .endpoint }}
- name: ACCUNODE_FILES_ENDPOINT
  value: {{ .endpoint | quote }}
{{- end }}
{{- if .existingSecret }}
- name: ACCUNODE_FILES_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: access_key_id
- name: ACCUNODE_FILES_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: secret_access_key
{{- end }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range .Values.secretSettings }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end }}
{{- end }}

{{- define "accunode.volumes" -}}
- name: tmp
  emptyDir: {}
- name: data
{{- if .Values.files.url }}
  emptyDir: {}
{{- else }}
  persistentVolumeClaim:
    claimName: {{ include "accunode.name" . }}
{{- end }}
{{- end }}

{{- define "accunode.mounts" -}}
- name: tmp
  mountPath: /tmp
- name: data
  mountPath: /var/lib/accunode
{{- end }}
