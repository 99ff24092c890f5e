//! From a blob's bytes to a plan: finds the format, starts the thread, decides which error counts.

use std::{panic, thread};

use super::{
    Compression, Error, Format, Order, Plan, Rule,
    bounds::Budget,
    chunks::{Chunks, Source},
    format::{MAGIC_BYTES, Magic},
    header,
    inflate::{inflate, pipe},
    listing::{Admitted, Held, Listing},
    sink::{SMALL_BYTES_MAX, Sink},
    tape::Tape,
    tarball, zipped,
};
use crate::{Content, Staging};

/// Decodes a blob: contents go to `staging`, everything else into the plan.
///
/// `present` says whether the store has a content already; such contents are not written.
/// The plan is complete and the blob's digest accepted when this returns it.
///
/// # Errors
///
/// Whatever is wrong with the blob, its bytes or the disk; contents may be left in `staging`,
/// which the caller drops.
pub fn decode(
    chunks: Box<dyn Chunks + Send>,
    order: &Order,
    staging: &Staging,
    present: &dyn Fn(&Content) -> bool,
) -> Result<Plan, Error> {
    let mut source = Source::new(chunks);
    let format = order.effective_format();
    let compression = match format {
        Some(Format::Zip) => None,
        Some(Format::Tar(compression) | Format::File(compression)) => Some(compression),
        None => match Magic::of(source.head(MAGIC_BYTES)?) {
            Magic::Zip => None,
            Magic::Stream(compression) => Some(compression),
        },
    };
    let budget = Budget::new(order.bounds, source.arrived());
    Sink::run(staging, present, |sink| {
        let listing = Listing::new(order.profile, budget);
        let decoder = Decoder { order, sink, listing };
        match compression {
            Some(compression) => decoder.stream(source, compression, format),
            None => decoder.zip(source, staging),
        }
    })
}

struct Decoder<'a, 's> {
    order: &'a Order,
    sink: &'a mut Sink<'s>,
    listing: Listing,
}

impl Decoder<'_, '_> {
    fn zip(mut self, source: Source, staging: &Staging) -> Result<Plan, Error> {
        zipped::read(source, staging, self.sink, &mut self.listing)?;
        self.listing.finish(self.order, Format::Zip, self.sink.settle()?)
    }

    fn stream(
        self,
        mut source: Source,
        compression: Compression,
        format: Option<Format>,
    ) -> Result<Plan, Error> {
        let (inlet, outlet) = pipe();
        thread::scope(|scope| {
            let inflating = thread::Builder::new()
                .name("inflate".to_owned())
                .spawn_scoped(scope, move || inflate(&mut source, compression, inlet))
                .map_err(|source| Error::Thread { source })?;
            let plan = self.unpack(Tape::new(outlet), compression, format);
            let inflated =
                inflating.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
            verdict(inflated, plan)
        })
    }

    /// Reads all that comes out of the tape, which ends by being dropped.
    fn unpack(
        mut self,
        mut tape: Tape,
        compression: Compression,
        format: Option<Format>,
    ) -> Result<Plan, Error> {
        let format = format.unwrap_or_else(|| {
            if header::begins_archive(tape.ahead()) {
                Format::Tar(compression)
            } else {
                Format::File(compression)
            }
        });
        if format.is_archive() {
            tarball::read(&mut tape, self.sink, &mut self.listing)?;
        } else {
            self.file(&mut tape)?;
        }
        self.listing.finish(self.order, format, self.sink.settle()?)
    }

    fn file(&mut self, tape: &mut Tape) -> Result<(), Error> {
        let name = &self.order.name;
        let path = match self.listing.admit(name.as_bytes())? {
            Admitted::Path(path) if path == *name => path,
            _ => return Err(Error::refused(name, Rule::Empty)),
        };
        let mut bytes = tape.up_to(SMALL_BYTES_MAX as usize);
        self.listing.budget.take_bytes(bytes.len() as u64)?;
        let taken = if (bytes.len() as u64) < SMALL_BYTES_MAX {
            self.sink.small(bytes, false)?
        } else {
            let mut large = self.sink.large(false)?;
            while !bytes.is_empty() {
                large.write(bytes)?;
                bytes = tape.piece(u64::MAX);
                self.listing.budget.take_bytes(bytes.len() as u64)?;
            }
            large.finish()?
        };
        self.listing.insert(path, Held::File(taken), 0);
        Ok(())
    }
}

/// Wrong bytes come first, then what was read of them, unless they only stopped too early.
fn verdict(inflated: Result<(), Error>, plan: Result<Plan, Error>) -> Result<Plan, Error> {
    match (inflated, plan) {
        (Err(fetch @ Error::Fetch { .. }), _) => Err(fetch),
        (Err(error), Ok(_) | Err(Error::Truncated { .. })) => Err(error),
        (_, plan) => plan,
    }
}
