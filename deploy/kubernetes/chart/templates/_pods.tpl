{{/* Where pods may run. */}}
{{- define "weir.placement" -}}
nodeSelector:
  {{- toYaml .nodeSelector | nindent 2 }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Root with these capabilities and no other. They are no use to another user here: Kubernetes gives it none that last over
an exec, and capabilities of files are ignored without privilege escalation.
*/}}
{{- define "weir.capabilities" -}}
runAsUser: 0
runAsGroup: 0
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  add: [{{ join ", " . }}]
{{- end }}

{{/* The drain, what SIGTERM takes after it, and a little. Seconds. */}}
{{- define "weir.graceSeconds" -}}
{{- $limit := .Values.nodes.drain.limit }}
{{- $number := int (regexFind "^[0-9]+" $limit) }}
{{- $unit := dict "s" 1 "m" 60 "h" 3600 }}
{{- add (mul $number (get $unit (regexFind "[smh]$" $limit))) .Values.nodes.drain.shutdownSeconds 15 }}
{{- end }}

{{/* Before a container without privilege: (list . INTERFACES SCRIPT). It ends before the container starts. */}}
{{- define "weir.hostPreparation" -}}
{{- $root := index . 0 -}}
- name: prepare-host
  image: {{ include "weir.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  command:
    - /bin/sh
    - -euc
    - |
      # A new mount is to be seen by the host, and by the container after this one.
      if ! grep -q ' /sys/fs/bpf bpf ' /proc/mounts; then mount -t bpf bpf /sys/fs/bpf; fi
      for interface in {{ join " " (index . 1) }}; do
        if [ ! -e "/sys/class/net/$interface" ]; then
          echo "$NODE_NAME has no interface $interface; it has: $(ls /sys/class/net | tr '\n' ' ')" >&2
          exit 78
        fi
        {{- index . 2 | nindent 8 }}
      done
  env:
    - name: NODE_NAME
      valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
  # What needs it: the mount, and /proc/sys, which other containers can only read.
  securityContext:
    privileged: true
    runAsUser: 0
    readOnlyRootFilesystem: true
  resources:
    requests: { cpu: 10m, memory: 16Mi }
    limits: { memory: 64Mi }
  volumeMounts:
    - { name: bpf, mountPath: /sys/fs/bpf, mountPropagation: Bidirectional }
{{- end }}

{{/* Of each $interface of a node. */}}
{{- define "weir.nodePreparation" -}}
mtu=$(cat "/sys/class/net/$interface/mtu")
if [ "$mtu" -lt {{ .Values.hostPreparation.minMtuBytes }} ]; then
  echo "$interface of $NODE_NAME has an MTU of $mtu, hostPreparation.minMtuBytes is {{ .Values.hostPreparation.minMtuBytes }}:" \
    "ip link set $interface mtu {{ .Values.hostPreparation.minMtuBytes }} on the host, and on what is between it and the backends" >&2
  exit 78
fi
{{- if gt (int .Values.hostPreparation.warnMtuBytes) (int .Values.hostPreparation.minMtuBytes) }}
if [ "$mtu" -lt {{ .Values.hostPreparation.warnMtuBytes }} ]; then
  echo "warning: $interface of $NODE_NAME has an MTU of $mtu, hostPreparation.warnMtuBytes is {{ .Values.hostPreparation.warnMtuBytes }}:" \
    "clients' packets of 1500 bytes do not fit a tunnel to backends; where ipip, gre or gue is used, raise it there and on what is between" >&2
fi
{{- end }}
for family in ipv4 ipv6; do
  forwarding=/proc/sys/net/$family/conf/$interface/forwarding
  if [ -e "$forwarding" ]; then echo 1 > "$forwarding"; fi
done
# Strict checks drop what comes back from backends of nat and fullnat by another way; 2 still drops what has no way back.
if [ "$(cat /proc/sys/net/ipv4/conf/all/rp_filter)" = 1 ] || [ "$(cat "/proc/sys/net/ipv4/conf/$interface/rp_filter")" = 1 ]; then
  echo 2 > "/proc/sys/net/ipv4/conf/$interface/rp_filter"
fi
{{- if contains "localAddresses" (toJson .Values.config) }}
if [ -e "/proc/sys/net/ipv6/conf/$interface/proxy_ndp" ]; then echo 1 > "/proc/sys/net/ipv6/conf/$interface/proxy_ndp"; fi
{{- end }}
{{- end }}

{{/* Of the $interface of a backend: what the agent would set itself, could it. */}}
{{- define "weir.agentPreparation" -}}
# No answers to ARP for VIPs, by whatever interface.
for name in all "$interface"; do
  echo 1 > "/proc/sys/net/ipv4/conf/$name/arp_ignore"
  echo 2 > "/proc/sys/net/ipv4/conf/$name/arp_announce"
done
if [ "$(cat /proc/sys/net/ipv4/conf/all/rp_filter)" = 1 ] || [ "$(cat "/proc/sys/net/ipv4/conf/$interface/rp_filter")" = 1 ]; then
  echo 2 > "/proc/sys/net/ipv4/conf/$interface/rp_filter"
fi
{{- if has "second_chance" .Values.agent.decapsulate }}
# Routes of what the host sends itself can be looked up. Nothing comes in by lo from elsewhere.
for family in ipv4 ipv6; do
  forwarding=/proc/sys/net/$family/conf/lo/forwarding
  if [ -e "$forwarding" ]; then echo 1 > "$forwarding"; fi
done
{{- end }}
{{- end }}
