#!/usr/bin/env bash
# Makes files of every format, by every encoder that Debian has, and ffmpeg's decode of each: what the matrix
# is held against. Once; they stay in target/formats. Where the encoders are not there, and can't be had, it
# says so and makes nothing.
set -euo pipefail
source "$(dirname "$0")/env.sh"
out="$TONEARM_ROOT/target/formats"
stamp="$out/$(sha256 "${BASH_SOURCE[0]}" | cut -c1-16)"
[[ -e $stamp ]] && exit 0
tools=(ffmpeg flac oggenc opusenc lame sox)
missing() { for tool in "${tools[@]}"; do command -v "$tool" > /dev/null || return 0; done; return 1; }
if missing && [[ $(id -u) = 0 ]] && command -v apt-get > /dev/null; then
  say "installing encoders (ffmpeg, flac, vorbis-tools, opus-tools, lame, sox)"
  apt-get -qq install -y --no-install-recommends ffmpeg flac vorbis-tools opus-tools lame sox > /dev/null 2>&1 || true
fi
if missing; then
  say "no files of every format: ${tools[*]} are not all there"
  exit 0
fi
say "making files of every format"
rm -rf "$out" && mkdir -p "$out" && cd "$out"
quiet() { "$@" > /dev/null 2>&1 < /dev/null; }
ff() { quiet ffmpeg -nostdin -y -bitexact "$@"; }
# Seven seconds of music, as it is, mono and slow, deep and fast; and a cover.
ff -ss 20 -t 7 -i "$TONEARM_ROOT/www/tracks/first-light.mp3" -c:a pcm_s16le music.source.wav
ff -i music.source.wav -ac 1 -ar 22050 -c:a pcm_s16le mono.source.wav
ff -i music.source.wav -ar 96000 -c:a pcm_s24le deep.source.wav
ff -i music.source.wav -ar 48000 -c:a pcm_s16le fast.source.wav
ff -f lavfi -i color=c=teal:s=64x64 -frames:v 1 cover.jpg
tags=(-metadata title=Äther -metadata artist=Tonearm -metadata album=Formats -metadata REPLAYGAIN_TRACK_GAIN='-3.25 dB')

quiet lame -b 128 --cbr music.source.wav lame-cbr.mp3
quiet lame -V 2 --tt Äther --ta Tonearm --ti cover.jpg music.source.wav lame-vbr.mp3
quiet lame -b 48 mono.source.wav lame-mpeg2-mono.mp3
ff -i music.source.wav -c:a libshine -b:a 160k shine.mp3
ff -i music.source.wav -c:a libmp3lame -abr 1 -b:a 192k "${tags[@]}" ffmpeg-abr.mp3

ff -i music.source.wav -c:a aac -b:a 128k ffmpeg.aac
ff -i mono.source.wav -ar 32000 -c:a aac -b:a 64k ffmpeg-mono.aac
ff -i fast.source.wav -c:a aac -b:a 192k ffmpeg-48000.aac
ff -i music.source.wav -i cover.jpg -map 0:a -map 1:v -c:v copy -disposition:v attached_pic -c:a aac -b:a 128k "${tags[@]}" -movflags +faststart faststart.m4a
ff -i music.source.wav -c:a aac -b:a 96k at-the-end.m4a
ff -i fast.source.wav -c:a aac -b:a 160k -movflags +frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000 fragmented.m4a
ff -i music.source.wav -c:a aac -b:a 160k -movflags +dash+delay_moov -frag_duration 1000000 indexed.m4a
ff -i music.source.wav -c:a flac -strict experimental flac-inside.mp4
ff -i music.source.wav -c:a libopus -b:a 96k opus-inside.mp4

quiet flac -f -8 -T TITLE=Äther -T ARTIST=Tonearm --picture=cover.jpg -o flac.flac music.source.wav
quiet flac -f -0 --no-seektable --blocksize=1152 -o flac-mono.flac mono.source.wav
ff -i deep.source.wav -c:a flac -sample_fmt s32 -bits_per_raw_sample 24 ffmpeg-24.flac
quiet sox fast.source.wav sox.flac

quiet oggenc -q 5 -t Äther -a Tonearm -o oggenc.ogg music.source.wav
ff -i fast.source.wav -c:a libvorbis -q:a 3 "${tags[@]}" ffmpeg.ogg
quiet sox -V1 mono.source.wav -C 4 sox-mono.ogg
quiet flac -f --ogg -8 -o flac.oga music.source.wav
ff -i music.source.wav -c:a flac -f ogg ffmpeg-flac.oga
cat oggenc.ogg ffmpeg.ogg > chained.ogg

quiet opusenc --bitrate 96 --title Äther --artist Tonearm --picture cover.jpg music.source.wav opusenc.opus
ff -i mono.source.wav -c:a libopus -b:a 24k -application voip -frame_duration 60 ffmpeg-voice.opus
ff -i fast.source.wav -c:a libopus -b:a 192k -frame_duration 5 ffmpeg-fast.opus

# Two halves of one piece, for the join of what follows each other; cut within a packet of every codec.
ff -i music.source.wav -af atrim=end_sample=154000 -c:a pcm_s16le one.source.wav
ff -i music.source.wav -af atrim=start_sample=154000 -c:a pcm_s16le two.source.wav
for half in one two; do
  cp $half.source.wav half-$half.wav
  quiet flac -f -8 -o half-$half.flac $half.source.wav
  quiet lame -b 192 $half.source.wav half-$half.mp3
  ff -i $half.source.wav -c:a aac -b:a 192k half-$half.m4a
  quiet oggenc -q 6 -o half-$half.ogg $half.source.wav
done
# Opus knows 48 kHz alone: its halves are cut there.
ff -i fast.source.wav -af atrim=end_sample=167500 -c:a pcm_s16le one-fast.source.wav
ff -i fast.source.wav -af atrim=start_sample=167500 -c:a pcm_s16le two-fast.source.wav
for half in one two; do quiet opusenc --bitrate 160 $half-fast.source.wav half-$half.opus; done

# A whole piece for the benchmarks, at usual rates.
for form in 'm4a -c:a aac -b:a 160k -movflags +faststart' 'opus -c:a libopus -b:a 128k' 'flac -c:a flac'; do
  read -r end options <<< "$form"
  # shellcheck disable=SC2086
  ff -i "$TONEARM_ROOT/www/tracks/first-light.mp3" $options bench.$end
done
cp "$TONEARM_ROOT/www/tracks/first-light.mp3" bench.mp3

cp music.source.wav ffmpeg.wav
quiet sox deep.source.wav sox-24.wav
quiet sox fast.source.wav -e floating-point -b 32 sox-float.wav
quiet sox mono.source.wav -e a-law sox-alaw.wav
quiet sox mono.source.wav -e unsigned -b 8 -D sox-8.wav

for file in *.mp3 *.aac *.m4a *.mp4 *.flac *.ogg *.oga *.opus *.wav; do
  [[ $file == *.source.wav || $file == half-* || $file == bench.* ]] || ff -i "$file" -map 0:a:0 -f f32le "$file.f32"
done
ls *.mp3 *.aac *.m4a *.mp4 *.flac *.ogg *.oga *.opus > /dev/null
touch "$stamp"
