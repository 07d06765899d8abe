#!/usr/bin/env bash
# A host listens with a certificate, another one connects over a cable somebody reads: values pass, the
# cable shows no word of them. The one that listens is killed and comes back; then with a certificate that
# has expired, and one that nobody here knows. Without TLS nobody is let in.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "streams through TLS"
host m
host a
cable m near a eth0 1
certificate() { # NAME CA DAYS
  openssl req -subj "/CN=$1" -addext subjectAltName=IP:10.1.0.1 -newkey ec -pkeyopt \
    ec_paramgen_curve:prime256v1 -nodes -keyout "$lab_dir/$1.key" -out "$lab_dir/$1.csr" 2>/dev/null
  openssl x509 -req -copy_extensions copy -in "$lab_dir/$1.csr" -CA "$lab_dir/$2.pem" -CAkey "$lab_dir/$2.key" \
    -CAcreateserial -days "$3" -out "$lab_dir/$1.pem" 2>/dev/null
}
for ca in ca other_ca; do
  openssl req -x509 -days 2 -subj "/CN=$ca" -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -keyout "$lab_dir/$ca.key" -out "$lab_dir/$ca.pem" 2>/dev/null
done
certificate m ca 2
certificate old ca -1
certificate stranger other_ca 2
listen() { # NAME
  background m "$lab_dir/pub.out" env DTS_TRANSPORTS=tcps-listen://:25555 DTS_TLS_CERT="$lab_dir/$1.pem" \
    DTS_TLS_KEY="$lab_dir/$1.key" "$DTS" pub lab.Reading --define 'lab.Reading{n:i64}' 'n={{n}}' -r 100
}
end() { kill -9 "$lab_last"; wait "$lab_last" 2>/dev/null || true; }

# Every word of the type that a frame carries in the clear.
cat >"$lab_dir/listen_in.py" <<'PY'
import signal, socket, sys
port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
port.bind((sys.argv[1], 0))
frames = words = 0
def stop(*_):
    print(f"{frames} frames, {words} with the type's name", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:
    frame = port.recv(65535)
    frames += 1
    words += b"lab.Reading" in frame
PY
background a "$lab_dir/spy.out" python3 "$lab_dir/listen_in.py" eth0
spy=$lab_last
wait_for 30 has "$lab_dir/spy.out" ready
listen m
export DTS_TRANSPORTS="tcps://10.1.0.1?ca=$lab_dir/ca.pem"
background a "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
lab_last=${lab_pids[-2]}
check "values pass" wait_for 30 has_values "$lab_dir/sub.out" 200
kill -TERM "$spy"
wait "$spy" 2>/dev/null || true
check "and who reads the cable reads no word of them ($(tail -1 "$lab_dir/spy.out"))" \
  has "$lab_dir/spy.out" ', 0 with'
end
check "the loss is told" wait_for 30 has "$lab_dir/sub.out" 'trying again'
before=$(values "$lab_dir/sub.out")
listen m
check "and values pass when it is back" wait_for 60 has_values "$lab_dir/sub.out" $((before + 200))
end
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/sub.out" --runs 2 --at-least 200

refused() { # CERTIFICATE TEXT
  listen "$1"
  background a "$lab_dir/refused_$1.out" "$DTS" sub lab.Reading
  lab_guest=$lab_last lab_last=${lab_pids[-2]}
  check "$1: $2" wait_for 30 has "$lab_dir/refused_$1.out" "$2"
  interrupt "$lab_guest"
  end
}
refused old 'its certificate has expired'
refused stranger 'its certificate is signed by nobody we know'
listen m
status=0
DTS_TRANSPORTS=tcp://10.1.0.1 on a "$DTS" sub lab.Reading -d 3s >"$lab_dir/naked.out" 2>&1 || status=$?
check "without TLS nobody is let in, and is told why" has "$lab_dir/naked.out" 'what is there speaks TLS'
lab_end
