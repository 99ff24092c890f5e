//! The work of a download: reads, hashes, and goes on where it broke off.

use std::sync::Arc;

use bytes::Bytes;
use digest::Digest;
use reqwest::{
    StatusCode,
    header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::{
    Error, Event, Reference,
    blob::{Item, Start},
    coalesce::Coalescer,
    exchange::{Answer, Ask, Exchange},
    gate::Gate,
    retry::Patience,
    shown::{self, Shown},
    transport,
    verify::{self, Verifier},
};

/// Everything about one download that outlives a connection.
pub(crate) struct Pull {
    exchange: Arc<Exchange>,
    expected: Digest,
    sources: Vec<Ask>,
    source: usize,
    gate: Arc<Gate>,
    _place: Option<OwnedSemaphorePermit>,
    patience: Patience,
    verifier: Verifier,
    declared: Option<u64>,
    /// As declared, else as the source says.
    size: Option<u64>,
    progress_from: u64,
    /// How much there was when the source was begun with.
    begun_at: u64,
    /// A mirror that gave some of the bytes before it failed.
    helped: Option<Reference>,
    /// Of the source, to notice when it changes under a resumed download.
    etag: Option<HeaderValue>,
    ranges: bool,
    state: State,
    chunks: Coalescer,
}

enum State {
    Closed,
    /// Bytes come; the first `skip` of them were handed out before.
    Open {
        answer: Box<Answer>,
        skip: u64,
    },
    /// Nothing is left to be read.
    Complete,
}

impl Pull {
    /// A download of which nothing is asked yet.
    pub(crate) fn new(
        exchange: Arc<Exchange>,
        sources: Vec<Ask>,
        start: Start,
    ) -> Result<Self, Error> {
        let expected = start.expected.clone();
        let digest = || expected.clone();
        let first = sources.first().ok_or_else(|| Error::NoSource { digest: digest() })?;
        let gate = exchange.gates.of(&shown::host(&first.url));
        let (size, progress_from) = (start.size, start.taken);
        let patience = patience(&exchange, first);
        Ok(Self {
            verifier: start.verifier()?,
            exchange,
            expected,
            sources,
            source: 0,
            gate,
            _place: None,
            patience,
            declared: size,
            size,
            progress_from,
            begun_at: progress_from,
            helped: None,
            etag: None,
            ranges: true,
            state: State::Closed,
            chunks: Coalescer::default(),
        })
    }

    /// The size of the whole, where it is known.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Sends chunks and the verdict until all is sent or nobody listens.
    pub(crate) async fn run(mut self, items: mpsc::Sender<Result<Item, Error>>) {
        let verdict = loop {
            match self.read(&items).await {
                Ok(Read::Gone) => return,
                Ok(Read::End) => break self.verdict(),
                Err(error) => {
                    // What arrived before the break need not wait for what comes after it.
                    if let Some(rest) = self.chunks.rest()
                        && items.send(Ok(Item::Chunk(rest))).await.is_err()
                    {
                        return;
                    }
                    self.state = State::Closed;
                    if let Err(error) = self.go_on_after(error).await {
                        break Err(self.blamed(error));
                    }
                }
            }
        };
        // Nobody listening is no failure: the download was dropped.
        drop(items.send(verdict.map(|()| Item::Accepted)).await);
    }

    fn verdict(&self) -> Result<(), Error> {
        let host = self.gate.host().to_owned();
        let verdict = self.verifier.clone().finish();
        verdict.map_err(|source| self.blamed(Error::Verify { host, source }))
    }

    /// The error of who asked a mirror and was deceived; the mirror is not asked again.
    ///
    /// What a mirror gave before it failed is suspected before what its successor added.
    fn blamed(&self, error: Error) -> Error {
        let is_false = match &error {
            Error::Verify { source, .. } => !matches!(source, verify::Error::Shorter { .. }),
            _ => false,
        };
        let next = self.sources.get(self.source + 1).map(|ask| shown::host(&ask.url));
        let suspect = match (self.mirror(), next) {
            (Some(mirror), Some(next)) => Some((mirror, next)),
            _ => self.helped.as_ref().map(|mirror| (mirror, self.gate.host().to_owned())),
        };
        match suspect {
            Some((mirror, next)) if is_false => {
                self.exchange.pass_over(mirror, &next, &error);
                Error::FalseMirror { mirror: mirror.host().to_owned(), source: Box::new(error) }
            }
            _ => error,
        }
    }

    /// The source, where it is a mirror that another can be asked instead of.
    fn mirror(&self) -> Option<&Reference> {
        self.sources.get(self.source)?.mirror.as_ref()
    }

    /// Reads until the answer ends.
    async fn read(&mut self, items: &mpsc::Sender<Result<Item, Error>>) -> Result<Read, Error> {
        while let Some(mut frame) = self.frame().await? {
            while !frame.is_empty() {
                if let Some(chunk) = self.chunks.feed(&mut frame)
                    && items.send(Ok(Item::Chunk(chunk))).await.is_err()
                {
                    return Ok(Read::Gone);
                }
            }
        }
        if let Some(size) = self.size
            && self.verifier.taken() < size
        {
            return Err(self.shorter(size));
        }
        if let Some(rest) = self.chunks.rest()
            && items.send(Ok(Item::Chunk(rest))).await.is_err()
        {
            return Ok(Read::Gone);
        }
        Ok(Read::End)
    }

    /// The next bytes that were not handed out before, hashed.
    async fn frame(&mut self) -> Result<Option<Bytes>, Error> {
        let stall = self.exchange.config.stall;
        let State::Open { answer, skip } = &mut self.state else {
            return Ok(None);
        };
        loop {
            let next = transport::next_bytes(&mut answer.response, &answer.url, stall).await?;
            let Some(mut frame) = next else {
                return Ok(None);
            };
            let skipped = frame.len().min(usize::try_from(*skip).unwrap_or(usize::MAX));
            *skip -= skipped as u64;
            drop(frame.split_to(skipped));
            if frame.is_empty() {
                continue;
            }
            let host = || shown::host(&answer.url);
            let taken = self.verifier.take(&frame);
            taken.map_err(|source| Error::Verify { host: host(), source })?;
            if self.verifier.taken() - self.progress_from >= self.exchange.config.progress_bytes {
                self.progress_from = self.verifier.taken();
                self.patience.progressed(&self.exchange.config);
                self.gate.succeeded();
            }
            return Ok(Some(frame));
        }
    }

    /// Opens the answer to read from; tries again, and the next source, before it fails.
    pub(crate) async fn open(&mut self) -> Result<(), Error> {
        if self.size == Some(self.verifier.taken()) && self.verifier.taken() > 0 {
            self.state = State::Complete;
            return Ok(());
        }
        self._place = Some(self.gate.incoming().await);
        match self.open_once().await {
            Ok(()) => Ok(()),
            Err(error) => self.go_on_after(error).await,
        }
    }

    /// Opens anew after a failure, or gives the failure back.
    async fn go_on_after(&mut self, error: Error) -> Result<(), Error> {
        let mut error = error;
        loop {
            if let Err(last) = self.patience.endure(&self.exchange.config, &self.gate, error) {
                self.next_source(last).await?;
            }
            match self.open_once().await {
                Ok(()) => return Ok(()),
                Err(next) => error = next,
            }
        }
    }

    /// Goes to the next source, unless there is none, none could do better, or the bytes themselves
    /// are wrong.
    async fn next_source(&mut self, error: Error) -> Result<(), Error> {
        let is_wrong = matches!(error, Error::Verify { source: verify::Error::Longer { .. }, .. });
        let is_last = is_wrong || error.is_of_ours();
        let Some(next) = self.sources.get(self.source + 1).filter(|_| !is_last) else {
            return Err(error);
        };
        let (host, reason) = (self.gate.host().to_owned(), error.to_string());
        let next_host = shown::host(&next.url);
        match self.mirror() {
            Some(mirror) => {
                let what = format!("blob {} of oci://{mirror}", self.expected);
                self.exchange.pass_over(mirror, &next_host, &error.about(&what));
            }
            None => (self.exchange.config.events)(Event::NextSource { host, reason }),
        }
        if self.verifier.taken() > self.begun_at {
            self.helped = self.mirror().cloned().or(self.helped.take());
        }
        self.begun_at = self.verifier.taken();
        self.source += 1;
        self.gate = self.exchange.gates.of(&next_host);
        self.patience = patience(&self.exchange, next);
        (self.size, self.etag, self.ranges) = (self.declared, None, true);
        // The old place is given back first: two downloads that swap hosts must not wait for
        // each other.
        self._place = None;
        self._place = Some(self.gate.incoming().await);
        Ok(())
    }

    async fn open_once(&mut self) -> Result<(), Error> {
        self.patience.wait(&self.exchange.config, &self.gate).await?;
        loop {
            let taken = self.verifier.taken();
            let from = if self.ranges { taken } else { 0 };
            let answer = match self.ask_from(from).await {
                Ok(answer) => answer,
                Err(Error::Answer { source, .. }) if source.status() == 416 && from > 0 => {
                    if self.is_whole(source.whole) {
                        self.state = State::Complete;
                        return Ok(());
                    }
                    self.ranges = false;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let is_part = answer.response.status() == StatusCode::PARTIAL_CONTENT;
            let part = Part::of(answer.response.headers());
            let (skip, whole) = match part {
                _ if !is_part => (taken, answer.response.content_length()),
                Some(part) if part.start == from && self.fits(&part) => (taken - from, part.whole),
                // Not the part that was asked for: all of it, then.
                _ if from > 0 => {
                    self.ranges = false;
                    continue;
                }
                _ => return Err(Error::Part { url: Shown(&answer.url).to_string() }),
            };
            self.size = self.size.or(whole);
            self.etag = strong_etag(answer.response.headers());
            let (host, from) = (shown::host(&answer.url), taken - skip);
            let event = Event::Receiving { host, from, size: self.size };
            (self.exchange.config.events)(event);
            self.state = State::Open { answer: Box::new(answer), skip };
            return Ok(());
        }
    }

    async fn ask_from(&self, from: u64) -> Result<Answer, Error> {
        let mut ask = self.sources[self.source].clone();
        if from > 0 {
            let range = HeaderValue::try_from(format!("bytes={from}-"));
            ask.headers.insert(RANGE, range.expect("digits can stand in a header"));
            if let Some(etag) = &self.etag {
                ask.headers.insert(IF_RANGE, etag.clone());
            }
        }
        let answer = self.exchange.once(&ask).await?;
        transport::check_encoding(&answer.response, &answer.url)?;
        Ok(answer)
    }

    /// Whether a server that has no bytes left says that there are as many as were taken.
    fn is_whole(&self, whole: Option<u64>) -> bool {
        let taken = self.verifier.taken();
        whole == Some(taken) && self.size.is_none_or(|size| size == taken)
    }

    /// Whether a part is of something that has the size asked for.
    fn fits(&self, part: &Part) -> bool {
        let whole = part.whole.or(self.size);
        self.size.is_none_or(|size| whole == Some(size)) && whole.is_none_or(|all| part.end < all)
    }

    fn shorter(&self, size: u64) -> Error {
        let (digest, taken) = (self.expected.clone(), self.verifier.taken());
        let source = verify::Error::Shorter { digest, taken, size };
        Error::Verify { host: self.gate.host().to_owned(), source }
    }
}

/// Where another can be asked instead, nothing is endured.
fn patience(exchange: &Exchange, ask: &Ask) -> Patience {
    match ask.mirror {
        Some(_) => Patience::short(&exchange.config),
        None => Patience::new(&exchange.config),
    }
}

/// How reading an answer ended.
enum Read {
    /// All bytes were sent.
    End,
    /// Nobody listens any more.
    Gone,
}

/// What a 206 says that it holds: `Content-Range: bytes start-end/whole`.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    start: u64,
    end: u64,
    whole: Option<u64>,
}

impl Part {
    fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(CONTENT_RANGE)?.to_str().ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (range, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (start, end) = range.split_once('-')?;
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let whole = if whole == "*" { None } else { Some(number(whole)?) };
        Some(Self { start: number(start)?, end: number(end)?, whole })
            .filter(|part| part.start <= part.end)
    }
}

/// An ETag that holds for the bytes themselves; weak ones must not be used for ranges.
fn strong_etag(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ETAG).filter(|etag| etag.as_bytes().starts_with(b"\"")).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d7_content_ranges_are_read_strictly() {
        let part = |start, end, whole| Some(Part { start, end, whole });
        let cases = [
            ("bytes 0-9/10", part(0, 9, Some(10))),
            ("bytes 5-9/*", part(5, 9, None)),
            ("bytes 9-5/10", None),
            ("bytes */10", None),
            ("bytes 5-/10", None),
            ("bytes 5-9", None),
            ("5-9/10", None),
            ("bytes -5-9/10", None),
            ("bytes 5-9/x", None),
            ("bytes 99999999999999999999-9/10", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Part::parse(text), expected, "{text}");
        }
    }
}
