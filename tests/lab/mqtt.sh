#!/usr/bin/env bash
# A real mosquitto on one host, nodes on two others that hear each other by nothing else: values both
# ways, the broker killed and started anew, a wrong password, a broker of MQTT 3.1.1 only. Nothing is
# missing that is not named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "an MQTT broker between two hosts"
PATH=$PATH:/usr/sbin
host m
host a
host b
cable m near1 a eth0 1
cable m near2 b eth0 2
mosquitto_passwd -b -c "$lab_dir/users" tank 's@cret'
printf 'user tank\ntopic readwrite dts/#\n' >"$lab_dir/rights"
cat >"$lab_dir/mosquitto.conf" <<END
listener 1883
allow_anonymous false
password_file $lab_dir/users
acl_file $lab_dir/rights
user root
set_tcp_nodelay true
END
broker() {
  background m "$lab_dir/broker.out" mosquitto -v -c "$lab_dir/mosquitto.conf"
  broker=$lab_last
}
broker
wait_for 10 has "$lab_dir/broker.out" 'Opening ipv4 listen socket'
export DTS_MQTT_USER=tank DTS_MQTT_PASSWORD=s@cret
export DTS_TRANSPORTS=mqtt://10.1.0.1
number a "$lab_dir/pub.out" 100 --keep 4096
background a "$lab_dir/sub_a.out" "$DTS" sub lab.Other --json
export DTS_TRANSPORTS=mqtt://10.2.0.1
background b "$lab_dir/pub_b.out" "$DTS" pub lab.Other --define 'lab.Other{n:i64}' 'n={{n}}' -r 50 --keep 4096
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values pass from one host to the other" wait_for 30 has_values "$lab_dir/sub.out" 100
check "and back" wait_for 30 has_values "$lab_dir/sub_a.out" 50
on b "$DTS" nodes >"$lab_dir/nodes.out" 2>&1
check "who is there is known by its number at the broker" has "$lab_dir/nodes.out" ' mqtt:'

kill -9 "$broker"
wait "$broker" 2>/dev/null || true
check "the loss of the broker is told" wait_for 30 has "$lab_dir/sub.out" 'trying again'
before=$(values "$lab_dir/sub.out")
broker
check "with a new one values pass again" wait_for 60 has_values "$lab_dir/sub.out" $((before + 300))
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/sub.out" --at-least 400

# A broker that knows 3.1.1 only, made of this one.
background m "$lab_dir/older.out" python3 "$lab_here/../support/mqtt_311.py" 1884 1883 0.0.0.0
export DTS_TRANSPORTS=mqtt://10.2.0.1:1884
background b "$lab_dir/old.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "MQTT 3.1.1 will do" wait_for 30 has_values "$lab_dir/old.out" 50
interrupt "$subscriber"
check "each once, in order" oracle "$lab_dir/old.out" --at-least 50
check "and it is 3.1.1 that was spoken" has "$lab_dir/broker.out" '(p2, c1'

# A broker that nobody has costs those who hear each other otherwise nothing.
export DTS_TRANSPORTS=udp://,mqtt://10.1.0.1:1999
background a "$lab_dir/pub_c.out" "$DTS" pub lab.Third --define 'lab.Third{n:i64}' 'n={{n}}' -r 500
background a "$lab_dir/third.out" "$DTS" sub lab.Third --json
subscriber=$lab_last
check "values pass by udp while a broker is missing" wait_for 30 has_values "$lab_dir/third.out" 1000
interrupt "$subscriber"
check "each once, in order, none to be named" oracle "$lab_dir/third.out" --at-least 1000 --named-max 0
check "the missing broker is told" has "$lab_dir/third.out" 'nobody listens there, at 10.1.0.1:1999'

# What is wrong is said, and no password is shown.
DTS_TRANSPORTS=mqtt://tank:wr0ng@10.2.0.1 on b "$DTS" sub lab.Reading -d 4s >"$lab_dir/wrong.out" 2>&1 || true
check "a wrong password is named" has "$lab_dir/wrong.out" 'the user or the password is wrong'
check "and why nothing comes" has "$lab_dir/wrong.out" 'no connection to mqtt://tank:...@10.2.0.1'
check "and the password is not shown" lacks "$lab_dir/wrong.out" wr0ng
lab_end
