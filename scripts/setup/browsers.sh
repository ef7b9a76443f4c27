#!/usr/bin/env bash
# Chromium and Firefox with their drivers, and a sound server without a sound card (Firefox renders nothing
# without one).
set -euo pipefail
source "$(dirname "$0")/../env.sh"
missing=()
{ have chromium || have google-chrome; } || missing+=(chromium)
have chromedriver || missing+=(chromium-driver)
have firefox || have firefox-esr || missing+=(firefox-esr)
if [ "$(uname)" = Linux ]; then have pulseaudio || missing+=(pulseaudio pulseaudio-utils); fi
if [ ${#missing[@]} -gt 0 ]; then debian_packages "${missing[@]}"; fi
