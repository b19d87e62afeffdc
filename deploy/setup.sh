#!/bin/sh
# What a network of one's own needs before its first node starts; does nothing where it is there already.
set -eu
umask 077
cd /app 2>/dev/null || true
data=${TILTH_SETUP_DATA:-/data}
tilth() { node bin/tilth.js "$@"; }
[ -s "$data/network.json" ] || tilth network create --chain "$data/chain" --output "$data/network.json"
# It lies beside the key: it guards copies of the key, and not this machine.
[ -s "$data/passphrase" ] || head -c 24 /dev/urandom | base64 > "$data/passphrase"
[ -s "$data/node/key.json" ] || tilth key create --data "$data/node" --passphrase-file "$data/passphrase"
