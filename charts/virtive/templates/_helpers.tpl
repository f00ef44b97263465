{{- define "virtive.labels" -}}
app.kubernetes.io/name: virtive
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: virtive
{{- end -}}

{{/* What a component's pods are selected by. Call with (list . "control"). */}}
{{- define "virtive.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: virtive
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Call with (list . "control"). */}}
{{- define "virtive.image" -}}
{{- $root := index . 0 -}}
{{- printf "%s/%s:%s" $root.Values.image.repository (index . 1) ($root.Values.image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}

{{/* Labels and annotations of a pod. Call with (list . "control"). */}}
{{- define "virtive.podMetadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- include "virtive.labels" $root | nindent 2 }}
  app.kubernetes.io/component: {{ index . 1 }}
  {{- with $root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "virtive.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* What Pod Security "restricted" asks of a container. */}}
{{- define "virtive.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* ServiceAccounts that functions run under, as JSON; none where they run in control. */}}
{{- define "virtive.functionAccounts" -}}
{{- $names := list -}}
{{- if eq .Values.shape "knative" -}}
{{- if eq .Values.knative.functions.services "one" -}}
{{- $names = append $names "virtive-functions" -}}
{{- else -}}
{{- range (.Files.Get "files/functions.yaml" | fromYaml).functions -}}
{{- $names = append $names (printf "virtive-%s" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ $names | toJson }}
{{- end -}}

{{/* ServiceAccounts that write status, as user names. */}}
{{- define "virtive.writers" -}}
{{- $prefix := printf "system:serviceaccount:%s:" .Release.Namespace -}}
{{- $names := list (printf "%svirtive-control" $prefix) -}}
{{- range include "virtive.functionAccounts" . | fromJsonArray -}}
{{- $names = append $names (printf "%s%s" $prefix .) -}}
{{- end -}}
{{ $names | toJson }}
{{- end -}}

{{- define "virtive.delivery" -}}
{{- $delivery := .Values.knative.delivery -}}
retry: {{ $delivery.retry }}
backoffPolicy: {{ $delivery.backoffPolicy }}
backoffDelay: {{ $delivery.backoffDelay }}
timeout: {{ $delivery.timeout }}
deadLetterSink:
  {{- if $delivery.deadLetterSink }}
  {{- toYaml $delivery.deadLetterSink | nindent 2 }}
  {{- else }}
  ref:
    apiVersion: serving.knative.dev/v1
    kind: Service
    name: {{ eq .Values.knative.functions.services "one" | ternary "virtive-functions" "virtive-resync" }}
    namespace: {{ .Release.Namespace }}
  uri: /dead-letters
  {{- if .Values.knative.oidc.enabled }}
  audience: {{ .Values.knative.oidc.audience | quote }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* A Knative Service with its account. Call with root, name, functions (comma-separated; empty: all), maxScale. */}}
{{- define "virtive.functionService" -}}
{{- $root := .root }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: virtive-{{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "virtive.labels" $root | nindent 4 }}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: virtive-{{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "virtive.labels" $root | nindent 4 }}
    app.kubernetes.io/component: function
    # Reached from inside the cluster only.
    networking.knative.dev/visibility: cluster-local
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/min-scale: {{ min $root.Values.knative.functions.minScale .maxScale | quote }}
        autoscaling.knative.dev/max-scale: {{ .maxScale | quote }}
        {{- with $root.Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      labels:
        {{- include "virtive.labels" $root | nindent 8 }}
        app.kubernetes.io/component: function
        {{- with $root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: virtive-{{ .name }}
      {{- include "virtive.pullSecrets" $root | indent 6 }}
      enableServiceLinks: false
      timeoutSeconds: 60
      containers:
        - image: {{ include "virtive.image" (list $root "functions") }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          env:
            {{- with .functions }}
            - { name: VIRTIVE_FUNCTIONS, value: {{ . }} }
            {{- end }}
            - { name: VIRTIVE_BIND, value: {{ $root.Values.control.bind | quote }} }
            {{- if $root.Values.knative.oidc.enabled }}
            - { name: VIRTIVE_OIDC_AUDIENCE, value: {{ $root.Values.knative.oidc.audience | quote }} }
            - { name: VIRTIVE_OIDC_SENDERS, value: "system:serviceaccount:{{ $root.Release.Namespace }}:*" }
            {{- end }}
            - { name: VIRTIVE_NODE_IDENTITY, value: /etc/virtive/node-client }
            - { name: VIRTIVE_ANCHOR_IMAGE, value: {{ include "virtive.image" (list $root "anchor") | quote }} }
            - { name: VIRTIVE_LOG, value: {{ $root.Values.control.logLevel }} }
          ports: [{ containerPort: 8080 }]
          readinessProbe:
            httpGet: { path: /readyz }
          resources:
            {{- toYaml $root.Values.knative.functions.resources | nindent 12 }}
          securityContext:
            {{- include "virtive.restricted" $root | nindent 12 }}
          volumeMounts:
            - { name: node-client, mountPath: /etc/virtive/node-client, readOnly: true }
      volumes:
        - name: node-client
          secret: { secretName: virtive-node-client }
---
# K_SINK of the function: where what it emits goes.
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata:
  name: virtive-{{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "virtive.labels" $root | nindent 4 }}
spec:
  subject: { apiVersion: serving.knative.dev/v1, kind: Service, name: virtive-{{ .name }}, namespace: {{ $root.Release.Namespace }} }
  sink:
    ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: {{ $root.Values.knative.broker.name }}, namespace: {{ $root.Release.Namespace }} }
{{- end -}}
