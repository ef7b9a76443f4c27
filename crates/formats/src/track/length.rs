//! How long a track is, by its header, by what has come of it, or by its end; and how far it is in memory.

use super::Track;

impl Track {
    /// Length in seconds, where the file states it, or its end was found.
    pub fn stated_duration(&self) -> Option<f64> {
        let stream = self.stream.as_ref()?;
        let rate = f64::from(stream.sample_rate);
        let (stated, found) = (stream.end, self.demuxer.end_of_file());
        let end =
            if stream.open_ended { found.or(stated) } else { [stated, found].into_iter().flatten().min() }?;
        let seconds = end.saturating_sub(stream.delay).saturating_add(stream.following?) as f64 / rate;
        let passed = self.at.filter(|&at| stream.open_ended && found.is_none() && at > end);
        // More than was stated: in whole seconds, so that it does not change with each packet.
        let passed = passed.map(|at| (at.saturating_sub(stream.delay) as f64 / rate).ceil());
        Some(self.base + passed.unwrap_or(seconds))
    }

    /// Length in seconds by what came of the file so far, where it does not state it and its end was not
    /// found.
    pub fn estimated_duration(&mut self) -> Option<f64> {
        let end = if self.stated_duration().is_none() { self.demuxer.estimate() } else { None };
        let stream = self.stream.as_ref()?;
        let seconds = |end: u64| end.saturating_sub(stream.delay) as f64 / f64::from(stream.sample_rate);
        self.estimate = end.map(|end| self.base + seconds(end));
        self.estimate
    }

    /// End of what is in memory, undecoded bytes included, in seconds of the track.
    pub fn buffered_end(&self) -> f64 {
        let Some(stream) = &self.stream else { return self.start };
        let decoded = self.start + self.frames as f64 / self.rate(stream);
        if self.ended {
            // A position behind the end is none where anything is.
            let end = self.at.map(|at| at.min(self.range.1).saturating_sub(stream.delay));
            let end = end.map(|end| self.base + end as f64 / f64::from(stream.sample_rate));
            return self.stated_duration().or(end).or(self.estimate).unwrap_or(decoded);
        }
        let undecoded = self.undecoded() as f64 / stream.bytes_per_second.max(1.0);
        let most = self.estimate.map_or(f64::MAX, |length| length.max(decoded));
        (decoded + undecoded).min(most)
    }
}
