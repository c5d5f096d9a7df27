{{/* What is wrong between values that are each right; values.schema.json sees to the others. */}}
{{- define "weir.checks" -}}
{{- if not .Values.image.repository }}
{{- fail "image.repository: is empty; build the image with \"npm run image\", push it to your registry, and name it here, such as registry.example/weir" }}
{{- end }}
{{- if and (eq .Values.etcd.mode "external") (not .Values.etcd.endpoints) }}
{{- fail "etcd.endpoints: is empty; name the members of etcd as HOST:PORT, or set etcd.mode to bundled (a trial) or none (services of config alone)" }}
{{- end }}
{{- if and (eq .Values.redis.mode "external") (not .Values.redis.addresses) }}
{{- fail "redis.addresses: is empty; name the servers as HOST:PORT, or set redis.mode to bundled (a trial) or none (flows are not shared)" }}
{{- end }}
{{- if and (eq .Values.redis.mode "bundled") (or .Values.redis.passwordSecret .Values.redis.tlsSecret) }}
{{- fail "redis.mode: bundled has neither password nor TLS; leave redis.passwordSecret and redis.tlsSecret empty, or run a Redis of your own (external)" }}
{{- end }}
{{- if and (eq .Values.etcd.mode "bundled") (or .Values.etcd.passwordSecret .Values.etcd.tlsSecret) }}
{{- fail "etcd.mode: bundled has neither password nor TLS; leave etcd.passwordSecret and etcd.tlsSecret empty, or run an etcd of your own (external)" }}
{{- end }}
{{- if and .Values.admin.port (not .Values.admin.tlsSecret) }}
{{- fail (printf "admin.tlsSecret: is empty, and admin.port is %v; the admin API is served by TLS only: name a Secret with tls.crt, tls.key and ca.crt" .Values.admin.port) }}
{{- end }}
{{- range $part := list "etcd" "redis" }}
{{- $values := index $.Values $part }}
{{- if and $values.clientCertificate (not $values.tlsSecret) }}
{{- fail (printf "%s.tlsSecret: is empty, and %s.clientCertificate is true; name the Secret that has tls.crt and tls.key" $part $part) }}
{{- end }}
{{- end }}
{{- if and .Values.kubernetes.enabled (not .Values.kubernetes.pools) }}
{{- fail "kubernetes.pools: is empty, and kubernetes.enabled is true; name the networks that Services get addresses from" }}
{{- end }}
{{- if and .Values.agent.enabled (not .Values.agent.vips) }}
{{- fail "agent.vips: is empty, and agent.enabled is true; name the VIPs that backends take packets for" }}
{{- end }}
{{- include "weir.checkNames" (list "config.nodes.members" ((.Values.config.nodes).members)) }}
{{- include "weir.checkNames" (list "config.services" .Values.config.services) }}
{{- include "weir.checkAddresses" (list "config.nodes.members" ((.Values.config.nodes).members)) }}
{{- end }}

{{/* No two entries of a list have one name: (list PATH ENTRIES). */}}
{{- define "weir.checkNames" -}}
{{- $path := index . 0 }}{{ $seen := dict }}
{{- range $i, $entry := index . 1 }}
{{- if hasKey $seen (toString $entry.name) }}
{{- fail (printf "%s[%d].name: %q is the name of %s[%v] too; each needs its own" $path $i $entry.name $path (get $seen (toString $entry.name))) }}
{{- end }}
{{- $_ := set $seen (toString $entry.name) $i }}
{{- end }}
{{- end }}

{{- define "weir.checkAddresses" -}}
{{- $path := index . 0 }}{{ $seen := dict }}
{{- range $i, $entry := index . 1 }}
{{- if hasKey $seen (toString $entry.address) }}
{{- fail (printf "%s[%d].address: %q is the address of %s[%v] too; each needs its own" $path $i $entry.address $path (get $seen (toString $entry.address))) }}
{{- end }}
{{- $_ := set $seen (toString $entry.address) $i }}
{{- end }}
{{- end }}
