// The types of the modules beside the player: a queue, the system's controls.

import { mediaSession } from 'tonearm/media-session';
import { createQueue, type Item, type Queue } from 'tonearm/queue';

const queue: Queue = createQueue({ repeat: 'all', crossfade: 2, replayGain: 'album' });
queue.add('a.mp3', { src: 'b.flac', trackId: 'b' });
queue.addEventListener('trackchange', function () {
  const item: Item | undefined = this.current;
  console.log(item, this.index, this.player.duration);
});
queue.sleepTimer({ after: 1800, fade: 20 });
queue.sleepTimer(null);
mediaSession(queue, { metadata: () => ({ title: 'Night Bus' }), signal: AbortSignal.timeout(1000) });
mediaSession(queue.player);

// @ts-expect-error no such repeat
queue.repeat = 'twice';
// @ts-expect-error read-only
queue.index = 2;
// @ts-expect-error a source is a string, a URL or an object with one
queue.add(17);
// @ts-expect-error neither a player nor a queue
mediaSession(document.createElement('audio'));
