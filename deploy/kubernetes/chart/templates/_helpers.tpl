{{- define "weir.name" -}}
{{- if contains "weir" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-weir{{ end }}
{{- end }}

{{- define "weir.labels" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Of one part: (list . "node"). These never change, for selectors can't. */}}
{{- define "weir.selector" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "weir.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}{{ end }}
{{- end }}

{{- define "weir.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "weir.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{/* Where a port of the host is listened at: (list . PORT). An IPv6 address stands in brackets before a port. */}}
{{- define "weir.hostPort" -}}
{{- $form := ternary "[${env:NODE_IP}]:%v" "${env:NODE_IP}:%v" (eq (index . 0).Values.nodes.hostAddressFamily "IPv6") }}
{{- printf $form (index . 1) }}
{{- end }}

{{/* weir.yaml, as YAML. What stands in .Values.config wins over what the other values say. */}}
{{- define "weir.config" -}}
{{- $node := dict "name" "${env:NODE_NAME}" "interfaces" .Values.nodes.interfaces }}
{{- if .Values.nodes.addressFromHost }}{{ $_ := set $node (ternary "address6" "address" (eq .Values.nodes.hostAddressFamily "IPv6")) "${env:NODE_IP}" }}{{ end }}
{{- $made := dict "node" $node }}
{{- if ne .Values.etcd.mode "none" }}
{{- $etcd := dict "cluster" .Values.etcd.cluster "endpoints" .Values.etcd.endpoints }}
{{- if eq .Values.etcd.mode "bundled" }}{{ $_ := set $etcd "endpoints" (list (printf "%s-etcd.%s.svc:2379" (include "weir.name" .) .Release.Namespace)) }}{{ end }}
{{- if .Values.etcd.username }}{{ $_ := set $etcd "username" .Values.etcd.username }}{{ end }}
{{- if .Values.etcd.passwordSecret }}{{ $_ := set $etcd "password" "${env:ETCD_PASSWORD}" }}{{ end }}
{{- if .Values.etcd.tlsSecret }}{{ $_ := set $etcd "tls" (dict "ca" "/etc/weir-etcd/ca.crt") }}{{ end }}
{{- if .Values.etcd.clientCertificate }}{{ $_ := merge $etcd.tls (dict "certificate" "/etc/weir-etcd/tls.crt" "key" "/etc/weir-etcd/tls.key") }}{{ end }}
{{- $_ := set $made "etcd" $etcd }}
{{- end }}
{{- if ne .Values.redis.mode "none" }}
{{- $redis := dict "addresses" .Values.redis.addresses "mode" .Values.redis.topology }}
{{- if eq .Values.redis.mode "bundled" }}{{ $redis = dict "addresses" (list (printf "%s-redis.%s.svc:6379" (include "weir.name" .) .Release.Namespace)) "mode" "single" }}{{ end }}
{{- if .Values.redis.sentinelName }}{{ $_ := set $redis "sentinelName" .Values.redis.sentinelName }}{{ end }}
{{- if .Values.redis.username }}{{ $_ := set $redis "username" .Values.redis.username }}{{ end }}
{{- if .Values.redis.passwordSecret }}{{ $_ := set $redis "password" "${env:REDIS_PASSWORD}" }}{{ end }}
{{- if .Values.redis.tlsSecret }}{{ $_ := set $redis "tls" (dict "ca" "/etc/weir-redis/ca.crt") }}{{ end }}
{{- if .Values.redis.clientCertificate }}{{ $_ := merge $redis.tls (dict "certificate" "/etc/weir-redis/tls.crt" "key" "/etc/weir-redis/tls.key") }}{{ end }}
{{- $_ := set $made "state" (dict "store" "redis" "redis" $redis) }}
{{- end }}
{{- if .Values.metrics.enabled }}{{ $_ := set $made "metrics" (dict "listen" (include "weir.hostPort" (list . .Values.metrics.port))) }}{{ end }}
{{- if .Values.admin.port }}
{{- $tls := dict "certificate" "/etc/weir-admin/tls.crt" "key" "/etc/weir-admin/tls.key" "clientCa" "/etc/weir-admin/ca.crt" }}
{{- $_ := set $made "admin" (dict "listen" (list (include "weir.hostPort" (list . .Values.admin.port))) "tls" $tls "roles" .Values.admin.roles) }}
{{- end }}
{{- if .Values.kubernetes.enabled }}
{{- $lease := dict "lease" (dict "name" (include "weir.name" .)) }}
{{- $_ := set $made "kubernetes" (mergeOverwrite $lease (omit .Values.kubernetes "enabled")) }}
{{- end }}
{{- toYaml (mergeOverwrite $made (deepCopy .Values.config)) }}
{{- end }}
