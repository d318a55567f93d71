#!/bin/sh
# Signatures with openssl and curl.
#   sign.sh signature ID TIMESTAMP BODY-FILE   prints what webhook-signature must contain
#   sign.sh post URL BODY-FILE                 posts the file, signed, to a receiver that you want to try
# WEBHOOK_SECRET=whsec_... is the endpoint's secret.
set -eu

signature() {
  key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  { printf '%s.%s.' "$1" "$2"; cat "$3"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A | sed 's/^/v1,/'
  echo
}

case "${1:-}" in
  signature) signature "$2" "$3" "$4" ;;
  post)
    id="evt_sample_$(date +%s)"
    now=$(date +%s)
    curl --silent --show-error --output /dev/null --write-out '%{http_code}\n' "$2" \
      -H 'Content-Type: application/json' -H "webhook-id: $id" -H "webhook-timestamp: $now" \
      -H "webhook-signature: $(signature "$id" "$now" "$3")" --data-binary "@$3"
    ;;
  *) sed -n '2,5p' "$0" >&2; exit 64 ;;
esac
