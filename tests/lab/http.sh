#!/usr/bin/env bash
# HTTP through real proxies: a host reaches nothing but a tinyproxy, which reaches the node that listens.
# The proxy is killed and comes back within 10 s: nothing is lost. Then the node is, and the proxy for
# longer: what is missing is named. Through nginx too, which leads a path to the node; encrypted, through
# CONNECT; who is refused is told why. Then the node that listens is attacked by stream_attacks.py.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "HTTP through a proxy"
PATH=$PATH:/usr/sbin
host m
host p
host a
cable m near p eth0 1
cable p near a eth0 2
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0"
printf 'Port 8888\nTimeout 600\nMaxClients 200\nLogLevel Critical\nLogFile "%s"\nConnectPort 8443\n' \
  "$lab_dir/tinyproxy.log" >"$lab_dir/tinyproxy.conf"
mkdir "$lab_dir/nginx"
cat >"$lab_dir/nginx.conf" <<CONF
daemon off;
pid $lab_dir/nginx/pid;
error_log $lab_dir/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $lab_dir/nginx; proxy_temp_path $lab_dir/nginx; fastcgi_temp_path $lab_dir/nginx;
  uwsgi_temp_path $lab_dir/nginx; scgi_temp_path $lab_dir/nginx;
  server {
    listen 80;
    location / { return 403; }
    location /bus/ { proxy_pass http://10.1.0.1:8080; client_max_body_size 2m; }
  }
}
CONF
proxy() { background p "$lab_dir/proxy.out" tinyproxy -d -c "$lab_dir/tinyproxy.conf"; proxy=$lab_last; }
listen() { # [URL [SETTINGS...]]
  background m "$lab_dir/pub.out" env DTS_TRANSPORTS="${1:-http-listen://:8080/bus}" "${@:2}" "$DTS" pub lab.Reading \
    --define 'lab.Reading{n:i64}' 'n={{n}}' -r 100 --keep 4096
  listener=$lab_last
}
end() { kill -9 "$1"; wait "$1" 2>/dev/null || true; }

proxy
listen
export http_proxy=http://10.2.0.1:8888 https_proxy=http://10.2.0.1:8888
url=http://10.1.0.1:8080/bus
works() { on a curl -s -m 2 http://10.1.0.1:8080/ | grep -q 'DTS is at another path'; }
check "the node is reached through the proxy" wait_for 30 works
DTS_TRANSPORTS=$url background a "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values pass the proxy" wait_for 30 has_values "$lab_dir/sub.out" 200
before=$(values "$lab_dir/sub.out")
end "$proxy"
proxy
check "and go on when it is killed and comes back" wait_for 30 has_values "$lab_dir/sub.out" $((before + 500))
check "which is not even noticed" lacks "$lab_dir/sub.out" 'trying again'
cp "$lab_dir/sub.out" "$lab_dir/first.out"
end "$proxy"
check "one that stays away is told" wait_for 30 has "$lab_dir/sub.out" 'nobody listens there'
before=$(values "$lab_dir/sub.out")
proxy
check "and values pass when it is back" wait_for 60 has_values "$lab_dir/sub.out" $((before + 200))
end "$listener"
check "that the node behind it is gone is told" wait_for 30 has "$lab_dir/sub.out" "it answered 'HTTP 50"
before=$(values "$lab_dir/sub.out")
listen
check "and values pass when it is back" wait_for 60 has_values "$lab_dir/sub.out" $((before + 200))
check "up to the second proxy nothing is missing" oracle "$lab_dir/first.out" --at-least 600 --named-max 0
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/sub.out" --runs 2 --at-least 200

told() { # NAME URL TEXT
  DTS_TRANSPORTS=$2 on a timeout 20 "$DTS" sub lab.Reading -d 2s >"$lab_dir/$1.out" 2>&1 || true
  check "$1: $3" has "$lab_dir/$1.out" "$3"
}
background p "$lab_dir/nginx.out" nginx -c "$lab_dir/nginx.conf" -p "$lab_dir/nginx"
nginx=$lab_last
DTS_TRANSPORTS=http://10.2.0.1/bus no_proxy=10.2.0.1 background a "$lab_dir/nginx_sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values pass a web server that leads a path there" wait_for 30 has_values "$lab_dir/nginx_sub.out" 200
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/nginx_sub.out" --at-least 200
no_proxy=10.2.0.1 told "its other paths" http://10.2.0.1/other "it does not let us in"
told "another path" http://10.1.0.1:8080/elsewhere "'HTTP 404', 'DTS is at another path'"
no_proxy=10.1.0.1 told "without the proxy" $url "trying again"
kill -TERM "$nginx"
wait "$nginx" 2>/dev/null || true
end "$listener"

openssl req -x509 -days 2 -subj /CN=lab -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
  -addext subjectAltName=IP:10.1.0.1 -keyout "$lab_dir/m.key" -out "$lab_dir/m.pem" 2>/dev/null
listen https-listen://:8443 DTS_TLS_CERT="$lab_dir/m.pem" DTS_TLS_KEY="$lab_dir/m.key"
DTS_TRANSPORTS="https://10.1.0.1:8443?ca=$lab_dir/m.pem" background a "$lab_dir/tls.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "encrypted values pass by CONNECT" wait_for 30 has_values "$lab_dir/tls.out" 200
told "a certificate of nobody known" https://10.1.0.1:8443 'its certificate is not accepted'
told "CONNECT to a port that it does not like" https://10.1.0.1:444 'the proxy does not let us through'
interrupt "$subscriber"
check "each once, in order" oracle "$lab_dir/tls.out" --at-least 200
end "$listener"

DTS_TRANSPORTS=http-listen://:8080 background m "$lab_dir/middle.out" "$DTS" sub lab.Reading --json
middle=$lab_last
DTS_TRANSPORTS=http://10.1.0.1:8080/dts number a "$lab_dir/number.out" 100
DTS_TRANSPORTS=http://10.1.0.1:8080/dts background a "$lab_dir/honest.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "honest values pass" wait_for 30 has_values "$lab_dir/honest.out" 10
on p python3 "$lab_here/stream_attacks.py" "$middle" "$lab_dir/honest.out" 10.1.0.1 8080 http ||
  lab_failures=$((lab_failures + 1))
check "the node that listens lives" kill -0 "$middle"
interrupt "$subscriber"
check "no honest value was lost" oracle "$lab_dir/honest.out" --at-least 100 --named-max 0
lab_end
