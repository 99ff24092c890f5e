//! The work of one upload: sends, and goes on after what breaks.

use std::sync::Arc;

use reqwest::{StatusCode, header::HeaderMap};
use url::Url;

use super::{
    Pushed,
    begin::{self, Begun},
    session::{self, Session},
};
use crate::{
    Body, Descriptor, Error, Event, Reference,
    exchange::{Answer, Ask, Exchange},
    gate::Gate,
    payload::{Outgoing, Payload, Reader},
    push,
    retry::Patience,
    transport,
};

/// The memory that a chunk may take, whatever size a registry asks for.
const CHUNK_BYTES_MAX: u64 = 64 << 20;

/// The smallest chunk that is tried where a larger one is refused as too large.
const CHUNK_BYTES_MIN: u64 = 64 << 10;

/// As much of what follows an answer's head as is read, so that the connection can be used again.
const REST_BYTES_MAX: usize = 64 << 10;

/// Everything about one upload that outlives a request.
pub(super) struct Upload<'a> {
    exchange: &'a Arc<Exchange>,
    reference: &'a Reference,
    descriptor: &'a Descriptor,
    body: &'a Body,
    gate: Option<Arc<Gate>>,
    patience: Patience,
    reader: Reader,
    way: Way,
    chunk_bytes: u64,
    /// How often it broke in a row, without any progress.
    breaks: u32,
    /// How often it broke in all.
    breaks_ever: u32,
    /// The most bytes that were known to be there.
    best: u64,
    /// Whether the registry's count of bytes was found to be of no use.
    counts_alone: bool,
    /// Whether the upload may begin anew once, since it went on from what a registry said.
    may_doubt: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Whole,
    Chunks,
}

/// Where an upload goes on after a failure.
#[expect(clippy::large_enum_variant, reason = "there is one per upload, and it is short-lived")]
enum Next {
    /// In the session, behind so many bytes.
    At(Session, u64),
    /// In a new session, from the first byte.
    Anew,
    /// Nowhere: the blob is there.
    Stored,
}

impl<'a> Upload<'a> {
    pub(super) fn new(
        exchange: &'a Arc<Exchange>,
        reference: &'a Reference,
        descriptor: &'a Descriptor,
        body: &'a Body,
    ) -> Self {
        let settings = &exchange.config.push;
        let is_large = settings.body_bytes_max.is_some_and(|most| descriptor.size > most);
        Self {
            exchange,
            reference,
            descriptor,
            body,
            gate: None,
            patience: Patience::new(&exchange.config),
            reader: Reader::new(body, descriptor),
            way: if is_large { Way::Chunks } else { Way::Whole },
            chunk_bytes: settings.chunk_bytes,
            breaks: 0,
            breaks_ever: 0,
            best: 0,
            counts_alone: false,
            may_doubt: true,
        }
    }

    /// Mounts the blob, or sends it.
    pub(super) async fn run(mut self, mount_from: Option<&Reference>) -> Result<Pushed, Error> {
        let (exchange, reference, descriptor) = (self.exchange, self.reference, self.descriptor);
        // A registry mounts from itself alone, and from another repository than the one asked.
        let from = mount_from.filter(|from| {
            from.host() == reference.host() && from.repository() != reference.repository()
        });
        let mut next = Next::Anew;
        if let Some(from) = from {
            match begin::mount(exchange, reference, descriptor, from.repository()).await {
                Some(Begun::Stored) => return Ok(Pushed::Mounted),
                Some(Begun::Session(session)) => next = Next::At(session, 0),
                None => {}
            }
        }
        let sent = Pushed::Sent { bytes: descriptor.size };
        loop {
            let (mut session, from) = match next {
                Next::Stored => return Ok(sent),
                Next::At(session, from) => (session, from),
                Next::Anew => {
                    match begin::upload(exchange, reference, descriptor, self.body).await? {
                        Begun::Stored => return Ok(sent),
                        Begun::Session(session) => (session, 0),
                    }
                }
            };
            match self.send(&mut session, from).await {
                Ok(()) => {
                    session.close();
                    return Ok(sent);
                }
                Err(error) => next = self.after(session, error).await?,
            }
        }
    }

    /// Sends what is left of the blob behind the byte `from`, and ends the upload.
    async fn send(&mut self, session: &mut Session, from: u64) -> Result<(), Error> {
        let gate = self.exchange.gates.of(&session.host());
        self.gate = Some(Arc::clone(&gate));
        let _place = gate.outgoing().await;
        self.patience.wait(&self.exchange.config, &gate).await?;
        self.tell_sending(session, from);
        let payload = if self.way == Way::Whole && from == 0 {
            let events = &self.exchange.config.events;
            let outgoing = Outgoing::new(self.body, self.descriptor, events);
            Payload::Blob(Arc::new(outgoing))
        } else {
            self.way = Way::Chunks;
            self.send_chunks(session, from).await?;
            Payload::Empty
        };
        let ask = session.end(&self.descriptor.digest, payload);
        let (status, headers, _) = self.head(&ask).await?;
        gate.succeeded();
        self.check_end(status, &headers, &session.host()).await
    }

    async fn send_chunks(&mut self, session: &mut Session, from: u64) -> Result<(), Error> {
        let mut at = from;
        while at < self.descriptor.size {
            if let Some(gate) = &self.gate {
                self.patience.wait(&self.exchange.config, gate).await?;
            }
            let bytes = self.chunk_size(session);
            let chunk = self.reader.read(at, bytes).await?;
            let end = at + chunk.len() as u64;
            let (_, headers, answered) = self.head(&session.chunk(at, chunk)).await?;
            session.follow(&answered, &headers)?;
            at = self.behind(session, at, end, &headers).await;
            self.tell_progress(at);
        }
        Ok(())
    }

    /// Where a chunk from `at` to `end` left the upload.
    ///
    /// A registry that takes a part says so in `Range`. But some always name the first chunk
    /// there, and some the last one's length; so it is asked once more, and what it says then
    /// counts only where it lies inside the chunk. The digest decides in the end.
    async fn behind(
        &mut self,
        session: &mut Session,
        at: u64,
        end: u64,
        headers: &HeaderMap,
    ) -> u64 {
        let said = session::received(headers);
        if self.counts_alone || said.is_none() || said == Some(end) {
            return end;
        }
        match session.status().await {
            Ok(Some(found)) if at < found && found < end => found,
            _ => {
                self.counts_alone = true;
                end
            }
        }
    }

    fn chunk_size(&self, session: &Session) -> usize {
        let wanted = self.chunk_bytes.max(session.chunk_min.unwrap_or_default());
        let most = self.exchange.config.push.body_bytes_max.unwrap_or(CHUNK_BYTES_MAX);
        let size = wanted.min(most).clamp(1, CHUNK_BYTES_MAX);
        usize::try_from(size).unwrap_or(usize::MAX)
    }

    // Borrowed mutably like all of this: a body that is being read is for one thread at a time.
    async fn head(&mut self, ask: &Ask) -> Result<(StatusCode, HeaderMap, Url), Error> {
        let Answer { mut response, url } = self.exchange.once(ask).await?;
        let headers = std::mem::take(response.headers_mut());
        let status = response.status();
        let stall = self.exchange.config.stall;
        drop(transport::beginning(&mut response, &url, stall, REST_BYTES_MAX).await);
        Ok((status, headers, url))
    }

    /// Whether the answer to the last request says that the blob is stored as what it is.
    async fn check_end(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        host: &str,
    ) -> Result<(), Error> {
        push::check_digest(host, headers, &self.descriptor.digest)?;
        // 201, or 204 of older registries. Accepted only is not stored.
        if status == StatusCode::ACCEPTED && !self.is_there().await? {
            let (host, digest) = (host.to_owned(), self.descriptor.digest.clone());
            return Err(Error::Push(push::Error::NotStored { host, digest }));
        }
        Ok(())
    }

    async fn is_there(&mut self) -> Result<bool, Error> {
        super::is_there(self.exchange, self.reference, self.descriptor).await
    }

    /// Where to go on after a failure, if anywhere.
    async fn after(&mut self, session: Session, error: Error) -> Result<Next, Error> {
        let status = match &error {
            Error::Answer { source, .. } => Some(source.status()),
            _ => None,
        };
        match status {
            Some(413) if self.shrinks() => {
                session.cancel().await;
                Ok(Next::Anew)
            }
            // The session is another one than we think, or gone.
            Some(404 | 416) => {
                self.endure(error, true).map_err(|error| self.lost(error))?;
                self.resume(session).await
            }
            Some(400) if self.may_doubt && self.breaks_ever > 0 => {
                // What was gone on from was perhaps not what the registry had.
                self.may_doubt = false;
                self.endure(error, true)?;
                session.cancel().await;
                Ok(Next::Anew)
            }
            _ => match self.endure(error, false) {
                Ok(()) => self.resume(session).await,
                Err(error) => {
                    session.cancel().await;
                    Err(error)
                }
            },
        }
    }

    /// A session that is gone again and again is not a repository that is not there.
    fn lost(&self, error: Error) -> Error {
        match error {
            Error::Answer { host, source } if source.status() == StatusCode::NOT_FOUND => {
                let digest = self.descriptor.digest.clone();
                Error::Push(push::Error::Lost { host, digest, source })
            }
            other => other,
        }
    }

    fn endure(&mut self, error: Error, always: bool) -> Result<(), Error> {
        let (config, Some(gate)) = (&self.exchange.config, &self.gate) else {
            return Err(error);
        };
        if always {
            self.patience.endure_for(config, gate, error, None)
        } else {
            self.patience.endure(config, gate, error)
        }
    }

    /// Asks the registry what it has of the upload.
    async fn resume(&mut self, mut session: Session) -> Result<Next, Error> {
        self.breaks += 1;
        self.breaks_ever += 1;
        match session.status().await {
            Ok(Some(found)) if found <= self.descriptor.size => {
                if found > self.best {
                    if found - self.best >= self.exchange.config.progress_bytes {
                        self.patience.progressed(&self.exchange.config);
                    }
                    (self.best, self.breaks) = (found, 0);
                }
                if found > 0 || self.breaks > 1 {
                    self.way = Way::Chunks;
                }
                Ok(Next::At(session, found))
            }
            Err(Error::Answer { source, .. }) if source.status() == 404 => {
                session.close();
                // The answer may have been lost, and not the bytes.
                Ok(if self.is_there().await? { Next::Stored } else { Next::Anew })
            }
            Ok(_) | Err(Error::Answer { .. } | Error::Refused { .. }) => {
                session.cancel().await;
                Ok(Next::Anew)
            }
            Err(error) => {
                session.cancel().await;
                Err(error)
            }
        }
    }

    /// Smaller requests, after one was called too large; `false` if there are none to try.
    fn shrinks(&mut self) -> bool {
        match self.way {
            Way::Whole => self.way = Way::Chunks,
            Way::Chunks if self.chunk_bytes / 2 >= CHUNK_BYTES_MIN => self.chunk_bytes /= 2,
            Way::Chunks => return false,
        }
        true
    }

    fn tell_sending(&self, session: &Session, from: u64) {
        let Descriptor { digest, size, .. } = self.descriptor;
        let (digest, size) = (digest.clone(), *size);
        (self.exchange.config.events)(Event::Sending { host: session.host(), digest, from, size });
    }

    fn tell_progress(&mut self, bytes: u64) {
        let digest = self.descriptor.digest.clone();
        (self.exchange.config.events)(Event::Sent { digest, bytes });
        if bytes > self.best {
            self.best = bytes;
            self.breaks = 0;
            self.patience.progressed(&self.exchange.config);
        }
    }
}
