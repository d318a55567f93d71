#!/usr/bin/env bash
# A real S3 server for the storage tests: OpenStack Swift 2.35 with its s3api middleware, from Debian 13's packages.
#   swift-s3.sh root DIR     make the Debian root in DIR, once (mmdebstrap, about a minute; needs root)
#   swift-s3.sh run  DIR     run it in the foreground, in namespaces of its own; prints "ready" when it is
# Settings of `run`: S3_PORT and the four ports after it (memcached, object, container, account), S3_KEY, S3_SECRET, S3_BUCKET.
# Everything it writes is on a tmpfs of its own mount namespace, so several may run from one root at once, and it ends
# with whoever started it. aws-chunked uploads need Swift 2.35 or newer: Debian 13, not 12.
set -euo pipefail
packages=swift-proxy,swift-account,swift-container,swift-object,memcached
self=$(readlink -f "$0")

make_root() {
  [ -e "$1/.complete" ] && return
  exec 9>"$1.lock"; flock 9                  # two test runs that start together make one root
  [ -e "$1/.complete" ] && return
  rm -rf "$1"
  mmdebstrap --quiet --variant=minbase --include="$packages" --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' trixie "$1" >&2
  touch "$1/.complete"
}

server_conf() { # KIND PORT PIPELINE...; further sections on stdin
  local kind=$1 port=$2; shift 2
  { printf '[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = %s\nworkers = 0\nuser = root\nswift_dir = /etc/swift\ndevices = /srv\n' "$port"
    printf 'mount_check = false\nfallocate_reserve = 0\ndisable_fallocate = true\nlog_level = WARNING\nmax_clients = 1024\n'
    printf '[pipeline:main]\npipeline = %s\n' "$*"; cat; } >"/etc/swift/$kind-server.conf"
}

b64() { printf %s "$1" | base64 -w0 | tr -d =; }

serve() { # inside the chroot
  local port=$S3_PORT kind p; p=$((S3_PORT + 2))
  mkdir -p /srv/d1; cd /etc/swift
  printf '[swift-hash]\nswift_hash_path_prefix = test\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = default\ndefault = yes\n' >swift.conf
  for kind in object container account; do
    swift-ring-builder $kind.builder create 4 1 1 >/dev/null
    swift-ring-builder $kind.builder add "r1z1-127.0.0.1:$p/d1" 1 >/dev/null
    swift-ring-builder $kind.builder rebalance >/dev/null
    server_conf $kind $p $kind-server <<<"[app:$kind-server]
use = egg:swift#$kind"
    p=$((p + 1))
  done
  server_conf proxy "$port" unsigned catch_errors gatekeeper cache listing_formats bulk s3api keymap tempauth copy slo dlo versioned_writes symlink proxy-server <<CONF
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_upload_part_num = 10000
[filter:tempauth]
use = egg:swift#tempauth
user64_$(b64 s3)_$(b64 "$S3_KEY") = $S3_SECRET .admin
[filter:unsigned]
paste.filter_factory = s3names:unsigned
[filter:keymap]
paste.filter_factory = s3names:keymap
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$((S3_PORT + 1))
$(for f in catch_errors gatekeeper listing_formats bulk copy dlo symlink; do printf '[filter:%s]\nuse = egg:swift#%s\n' $f $f; done)
CONF
  cat >s3names.py <<'PY'
def unsigned(conf, **kw):    # an unsigned S3 request is AccessDenied; Swift alone says 400
    def make(app):
        def call(env, start):
            signed = env.get('HTTP_AUTHORIZATION') or 'Signature=' in env.get('QUERY_STRING', '')
            if signed or env['PATH_INFO'].startswith(('/v1/', '/auth/')): return app(env, start)
            body = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>'
            start('403 Forbidden', [('Content-Type', 'application/xml'), ('Content-Length', str(len(body)))])
            return [body]
        return call
    return make
def keymap(conf, **kw):      # tempauth wants account:user; S3 clients have plain keys
    def make(app):
        def call(env, start):
            details = env.get('s3api.auth_details'); key = details and details['access_key']
            if key and ':' not in key:
                details['access_key'] = 's3:' + key
                env['PATH_INFO'] = env['PATH_INFO'].replace('/' + key, '/s3:' + key, 1)
            return app(env, start)
        return call
    return make
PY
  export PYTHONPATH=/etc/swift PYTHONDONTWRITEBYTECODE=1
  memcached -u root -l 127.0.0.1 -p "$((S3_PORT + 1))" -m 32 &
  for kind in object container account proxy; do swift-$kind-server /etc/swift/$kind-server.conf & done
  /usr/bin/python3 - "http://127.0.0.1:$port" "s3:$S3_KEY" "$S3_SECRET" "$S3_BUCKET" <<'PY'
import sys, time, urllib.request as u
base, user, secret, bucket = sys.argv[1:]
for left in range(300, -1, -1):
    try:
        r = u.urlopen(u.Request(base + '/auth/v1.0', headers={'X-Storage-User': user, 'X-Storage-Pass': secret}))
        token, url = r.headers['X-Auth-Token'], base + '/v1/AUTH_s3'
        u.urlopen(u.Request(url, headers={'X-Auth-Token': token}))
        u.urlopen(u.Request(f'{url}/{bucket}', method='PUT', data=b'', headers={'X-Auth-Token': token}))
        break
    except OSError as e:
        if left == 0: sys.exit(f'not ready: {e}')
        time.sleep(.1)
PY
  echo ready
  wait -n
}

case ${1:-} in
  root) make_root "$2" ;;
  run)
    export S3_PORT S3_KEY S3_SECRET S3_BUCKET
    # A mount namespace leaves nothing to unmount; a process namespace ends every server with its first process.
    exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child bash -c '
      for d in srv tmp run etc/swift var/log var/cache; do mount -t tmpfs tmpfs "$0/$d"; done
      mount --rbind /dev "$0/dev"; mount -t proc proc "$0/proc"; cp "$1" "$0/run/swift-s3.sh"
      exec chroot "$0" /usr/bin/env -u TMPDIR PATH=/usr/sbin:/usr/bin:/sbin:/bin bash /run/swift-s3.sh serve' "$2" "$self" ;;
  serve) serve ;;
  *) sed -n '2,8p' "$0"; exit 2 ;;
esac
