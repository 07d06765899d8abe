#!/usr/bin/env bash
# WebSockets through a real proxy: nginx leads one path of its port to a node that listens on its own
# host only. Values pass to a host that reaches nothing but the proxy; each of the two is killed and
# comes back. What else may be at that port is named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "WebSockets through a proxy"
host m
host a
cable m near a eth0 1
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
    location / { return 404; }
    location /bus {
      proxy_pass http://127.0.0.1:8080;
      proxy_http_version 1.1;
      proxy_set_header Upgrade \$http_upgrade;
      proxy_set_header Connection upgrade;
    }
  }
}
CONF
proxy() {
  background m "$lab_dir/nginx.out" nginx -c "$lab_dir/nginx.conf" -p "$lab_dir/nginx"
  proxy=$lab_last
}
listen() {
  background m "$lab_dir/pub.out" env DTS_TRANSPORTS=ws-listen://127.0.0.1:8080/bus "$DTS" pub lab.Reading \
    --define 'lab.Reading{n:i64}' 'n={{n}}' -r 100
  listener=$lab_last
}
end() { kill -9 "$1"; wait "$1" 2>/dev/null || true; }

proxy
listen
export DTS_TRANSPORTS=ws://10.1.0.1/bus
background a "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values pass the proxy" wait_for 30 has_values "$lab_dir/sub.out" 200
kill -TERM "$proxy"
wait "$proxy" 2>/dev/null || true
check "that the proxy is gone is told" wait_for 30 has "$lab_dir/sub.out" 'trying again'
before=$(values "$lab_dir/sub.out")
proxy
check "and values pass when it is back" wait_for 60 has_values "$lab_dir/sub.out" $((before + 200))
end "$listener"
check "that the node behind it is gone is told by the proxy's word" wait_for 30 has "$lab_dir/sub.out" '502 Bad Gateway'
before=$(values "$lab_dir/sub.out")
listen
check "and values pass when it is back" wait_for 60 has_values "$lab_dir/sub.out" $((before + 200))
end "$listener"
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/sub.out" --runs 2 --at-least 200
status=0
DTS_TRANSPORTS=ws://10.1.0.1/elsewhere on a "$DTS" sub lab.Reading -d 2s >"$lab_dir/lost.out" 2>&1 || status=$?
check "another path is named" has "$lab_dir/lost.out" "it answered 'HTTP/1.1 404 Not Found'"
status=0
DTS_TRANSPORTS=tcp://10.1.0.1:80 on a "$DTS" sub lab.Reading -d 2s >"$lab_dir/naked.out" 2>&1 || status=$?
check "and without WebSocket the web server is" has "$lab_dir/naked.out" "it began with 'HTTP/1.1 400"
lab_end
