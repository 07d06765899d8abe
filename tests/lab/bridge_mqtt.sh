#!/usr/bin/env bash
# Devices behind a real mosquitto and a domain, joined by `dts bridge mqtt`: what Tasmota,
# Zigbee2MQTT, Home Assistant's discovery and a mapping file say arrives as types, commands and
# announcements go back, nothing goes in circles, and the broker may go and come back.
set -euo pipefail
source "$(dirname "$0")/lab.sh"
: "${DTS:?DTS=path of the built dts}"
PATH=$PATH:/usr/sbin
lab_start bridge_mqtt
host house
host brewery
cable house eth0 brewery eth0 1

mosquitto_passwd -b -c "$lab_dir/users" tank 's@cret'
mkdir -m 777 "$lab_dir/kept"
cat >"$lab_dir/mosquitto.conf" <<END
listener 1883
allow_anonymous false
password_file $lab_dir/users
user root
persistence true
persistence_location $lab_dir/kept/
END
broker() {
  background house "$lab_dir/broker.out" mosquitto -v -c "$lab_dir/mosquitto.conf"
  broker=$lab_last
}
account=(-u tank -P 's@cret')
say() { on house mosquitto_pub -h 127.0.0.1 "${account[@]}" "${@:3}" -t "$1" -m "$2"; }
times() { grep -cF -- "$2" "$1" || true; }
once() { [ "$(times "$1" "$2")" = 1 ]; }
export DTS_IFACE=lo

cat >"$lab_dir/map.json" <<'JSON'
{ "from": [
    { "topic": "scale/{place}", "type": "brewery.Weight{kg:f64[kg]}", "fields": {"kg": "reading"} },
    { "topic": "valve/{name}", "type": "brewery.Valve{name:text, open:bool}",
      "fields": {"name": "{name}", "open": ""} } ],
  "to": [
    { "type": "brewery.Valve", "topic": "valve/{name}", "payload": "{open}" },
    { "type": "brewery.Setpoint", "topic": "tank/{labels.tank}/set", "retained": true,
      "payload": {"target": "{celsius}", "unit": "C"} } ] }
JSON

# The bridge is there before the broker is.
bridge() { # OUT URL FLAGS...
  background brewery "$lab_dir/$1" "$DTS" bridge mqtt --map "$lab_dir/map.json" "${@:2}"
}
bridge bridge.out 'mqtt://tank:s%40cret@10.1.0.1' --announce
bridge=$lab_last
check 'no broker yet: told' wait_for 20 has "$lab_dir/bridge.out" 'nobody listens there'
broker
wait_for 20 has "$lab_dir/broker.out" 'Opening ipv4 listen socket'
check 'and at work when there is one' wait_for 30 has "$lab_dir/bridge.out" 'at work'
background brewery "$lab_dir/sub.out" "$DTS" sub 'tasmota.*' 'zigbee2mqtt.*' --json
background brewery "$lab_dir/home.out" "$DTS" sub 'homeassistant.*' 'brewery.*' --json
background house "$lab_dir/devices.out" mosquitto_sub -h 127.0.0.1 "${account[@]}" -v -t '#'
wait_for 20 has "$lab_dir/broker.out" $'\t# (QoS 0)'
wait_for 20 has "$lab_dir/broker.out" 'homeassistant/+/+/+/config (QoS 0)'

# Tasmota, in Fahrenheit.
say tele/cellar/SENSOR '{"Time":"2017-02-16T10:13:52Z","DS18B20-1":{"Id":"0000040D1C2E","Temperature":69.1},"TempUnit":"F"}'
check 'a sensor of Tasmota is a type' wait_for 20 has "$lab_dir/sub.out" \
  '"v":{"Id":"0000040D1C2E","Temperature":69.1,"Time":"2017-02-16T10:13:52.000000000Z"}'
check 'with the device and the sensor as labels' has "$lab_dir/sub.out" \
  '"type":"tasmota.DS18B20","id":"'
on brewery "$DTS" type show tasmota.DS18B20 >"$lab_dir/type.out" 2>&1
check 'and its unit' has "$lab_dir/type.out" '[[degF]]'
say stat/plug/RESULT '{"POWER":"OFF"}'
check 'a switch is a value' wait_for 20 has "$lab_dir/sub.out" '"output":"POWER"}'


# Zigbee2MQTT, with a device that can be set.
say zigbee2mqtt/bridge/devices '[{"ieee_address":"0x000b57fffec6a5b2","type":"Router",
  "friendly_name":"koji lamp","definition":{"model":"LED1624G9","vendor":"IKEA",
  "description":"bulb","exposes":[{"type":"light","features":[
  {"type":"binary","name":"state","property":"state","access":7,"value_on":"ON","value_off":"OFF"},
  {"type":"numeric","name":"brightness","property":"brightness","access":7,
   "value_min":0,"value_max":254}]},{"type":"numeric","name":"device_temperature",
   "property":"device_temperature","access":1,"unit":"°C"}]}}]' -r
say 'zigbee2mqtt/koji lamp' '{"state":"ON","brightness":120,"device_temperature":31}' -r
check 'a device of Zigbee2MQTT is a type' wait_for 20 has "$lab_dir/sub.out" \
  '"v":{"state":true,"brightness":120,"device_temperature":31}'
on brewery "$DTS" type show zigbee2mqtt.LED1624G9 >"$lab_dir/type.out" 2>&1
check 'with units' has "$lab_dir/type.out" '[Cel]'

# Home Assistant's discovery.
say homeassistant/sensor/esp/co2/config '{"~":"esp","name":"CO2","uniq_id":"esp_co2",
  "stat_t":"~/state","unit_of_meas":"ppm","val_tpl":"{{ value_json.co2 | float(0) | round(0) }}",
  "dev":{"ids":["esp"],"name":"Koji room"}}' -r
wait_for 20 has "$lab_dir/broker.out" 'esp/state (QoS 0)'
say esp/state '{"co2":412.4}'
check 'what announces itself is a type' wait_for 20 has "$lab_dir/home.out" '"v":{"value":412}'

# A mapping, with the broker's other topics left alone.
say scale/left '{"reading":81.5}'
check 'a mapped topic is a type' wait_for 20 has "$lab_dir/home.out" '"place":"left"},"seq":1'
say scale/left 'nonsense'
say scale/left 'nonsense'
say scale/left '{"reading":82.5}'
check 'values go on after nonsense' wait_for 20 has "$lab_dir/home.out" '"kg":82.5'
check 'which is told, once' once "$lab_dir/bridge.out" 'scale/left: the payload is not JSON'

# Back: commands, and mapped types.
send() { on brewery "$DTS" pub "$@" >>"$lab_dir/pub.out" 2>&1; }
send zigbee2mqtt.LED1624G9.Set device='koji lamp' state=false brightness=80
check 'what is set goes to the device in its own words' wait_for 20 has "$lab_dir/devices.out" \
  'zigbee2mqtt/koji lamp/set {"state":"OFF","brightness":80}'
send zigbee2mqtt.LED1624G9.Set device='koji lamp' brightness=300
check 'what it does not take is refused' \
  wait_for 20 has "$lab_dir/bridge.out" 'brightness cannot be 300: the device takes from 0 to 254'
send tasmota.Command device=plug command=POWER argument=TOGGLE
check 'a command goes to Tasmota' wait_for 20 has "$lab_dir/devices.out" 'cmnd/plug/POWER TOGGLE'
background brewery "$lab_dir/pub_set.out" "$DTS" pub brewery.Setpoint \
  --define 'brewery.Setpoint{celsius:f64[Cel]}' celsius=18.5 --label tank=3 -r 0.05
publisher=$lab_last
check 'a mapped type goes to its topic' wait_for 20 has "$lab_dir/devices.out" \
  'tank/3/set {"target":18.5,"unit":"C"}'

# Another domain, by way of a broker of MQTT 3.1.1: what both map in both directions goes round in
# no circle, and what a bridge hears of itself is not news.
background house "$lab_dir/older.out" python3 "$lab_here/../support/mqtt_311.py" 1884 1883 0.0.0.0
DTS_DOMAIN=cellar bridge cellar.bridge.out 'mqtt://tank:s%40cret@10.1.0.1:1884' --only none
cellar=$lab_last
DTS_DOMAIN=cellar background brewery "$lab_dir/cellar.out" "$DTS" sub brewery.Valve --json
wait_for 20 eval '[ "$(times "$lab_dir/broker.out" "valve/+ (QoS 0)")" -ge 2 ]'
valve=(brewery.Valve --define 'brewery.Valve{name:text,open:bool}' open=true)
DTS_DOMAIN=cellar send "${valve[@]}" name=west
check 'a value of one domain reaches the other' wait_for 20 has "$lab_dir/home.out" '"name":"west"'
send "${valve[@]}" name=north
check 'and back' wait_for 20 has "$lab_dir/cellar.out" '"name":"north"'
say valve/south true
wait_for 20 has "$lab_dir/home.out" '"name":"south"'
wait_for 20 has "$lab_dir/cellar.out" '"name":"south"'
for name in west north south; do
  check "once: $name" eval 'once "$lab_dir/home.out" "\"name\":\"$name\"" &&
    once "$lab_dir/cellar.out" "\"name\":\"$name\"" && once "$lab_dir/devices.out" "valve/$name"'
done
interrupt "$cellar"

# A second bridge of the domain stands by, does nothing twice, and follows the first.
bridge second.out 'mqtt://tank:s%40cret@10.1.0.1' --announce
second=$lab_last
check 'a second bridge stands by' wait_for 20 has "$lab_dir/second.out" 'standing by'
send tasmota.Command device=plug command=Dimmer argument=20
say esp/state '{"co2":500}'
check 'values come' wait_for 20 has "$lab_dir/home.out" '"v":{"value":500}'
check 'once' once "$lab_dir/home.out" '"v":{"value":500}'
wait_for 20 has "$lab_dir/devices.out" 'cmnd/plug/Dimmer 20'
check 'commands too' once "$lab_dir/devices.out" 'cmnd/plug/Dimmer 20'
kill -9 "$bridge"
wait "$bridge" 2>/dev/null || true
check 'and works when the first is killed' wait_for 20 has "$lab_dir/second.out" 'at work'
wait_for 20 eval '[ "$(times "$lab_dir/broker.out" "esp/state (QoS 0)")" -ge 2 ]'
say esp/state '{"co2":501}'
check 'values go on' wait_for 20 has "$lab_dir/home.out" '"v":{"value":501}'
check 'what the broker keeps is said by its successor too' wait_for 20 eval \
  '[ "$(times "$lab_dir/sub.out" "\"device_temperature\":31")" = 2 ]'
bridge=$second

# Announced, and taken back when the source has gone.
check 'what is measured is announced to Home Assistant' wait_for 20 has "$lab_dir/devices.out" \
  '"value_template":"{{ value_json.celsius }}","unit_of_measurement":"°C","device_class":"temperature"'
check 'its value too' wait_for 20 grep -q '^dts-bridge/default/[0-9a-f]* {"celsius":18.5}' \
  "$lab_dir/devices.out"
check 'what came from the broker is not' lacks "$lab_dir/devices.out" 'tasmota.DS18B20'

# The broker goes and comes back, with what it keeps.
interrupt "$broker"
check 'the loss of the broker is told' wait_for 20 has "$lab_dir/second.out" 'connection'
interrupt "$publisher"
broker
wait_for 20 has "$lab_dir/broker.out" 'Opening ipv4 listen socket'
background house "$lab_dir/after.out" mosquitto_sub -h 127.0.0.1 "${account[@]}" -v -t '#'
wait_for 40 eval '[ "$(times "$lab_dir/second.out" "connected to")" = 2 ]'
wait_for 20 has "$lab_dir/broker.out" 'zigbee2mqtt/koji lamp (QoS 0)'
say 'zigbee2mqtt/koji lamp' '{"state":"OFF","brightness":80,"device_temperature":30}' -r
check 'values pass again' wait_for 20 has "$lab_dir/sub.out" '"device_temperature":30'
check 'and what the broker kept is not said again' eval \
  '[ "$(times "$lab_dir/sub.out" "\"device_temperature\":31")" = 2 ]'
check 'what has gone is no longer announced' wait_for 30 grep -q \
  '^homeassistant/sensor/dts_default_.*/celsius/config (null)' "$lab_dir/after.out"

interrupt "$bridge"
check 'the end has the counters' has "$lab_dir/second.out" 'to_domain'
check 'and Home Assistant is told' wait_for 20 has "$lab_dir/after.out" \
  'dts-bridge/default/status {"state":"offline"'

# What is wrong is said, and no password is shown.
bridge wrong.out 'mqtt://tank:wr0ng@10.1.0.1'
check 'a wrong password is named' \
  wait_for 20 has "$lab_dir/wrong.out" 'the user or the password is wrong'
check 'and not shown' lacks "$lab_dir/wrong.out" wr0ng
lab_end
