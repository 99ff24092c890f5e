//! A wire to a registry, which is cut once so many bytes went towards it.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

/// A port of 127.0.0.1 that leads to a registry, until it is dropped.
pub(super) struct Wire {
    /// `127.0.0.1:PORT`.
    pub(super) host: String,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What becomes of a wire that was cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Nobody gets through until it is mended.
    StaysCut,
    /// Whoever connects anew gets through.
    Heals,
}

struct Shared {
    target: SocketAddr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Bytes that went towards the registry.
    passed: u64,
    /// After how many of them the wire is cut, and what becomes of it then.
    cut: Option<(u64, Then)>,
    is_cut: bool,
    is_over: bool,
    streams: Vec<TcpStream>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins a client with the registry.
    fn join(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(self.target)?;
        let ends = [client.try_clone()?, server.try_clone()?];
        self.state().streams.extend([client.try_clone()?, server.try_clone()?]);
        let shared = Arc::clone(self);
        thread::spawn(move || shared.carry(client, server));
        let [mut client, mut server] = ends;
        thread::spawn(move || {
            // Either side may go away at any time.
            drop(io::copy(&mut server, &mut client));
            drop(client.shutdown(Shutdown::Write));
        });
        Ok(())
    }

    /// Carries bytes towards the registry, and cuts the wire where that is due.
    fn carry(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut piece = vec![0; 16 << 10];
        while let Ok(count @ 1..) = client.read(&mut piece) {
            let allowed = self.state().pass(count);
            if server.write_all(&piece[..allowed]).is_err() {
                break;
            }
            if allowed < count {
                self.state().cut();
            }
        }
        drop(server.shutdown(Shutdown::Write));
    }
}

impl State {
    /// How many of `count` bytes still get through.
    fn pass(&mut self, count: usize) -> usize {
        let left = match self.cut {
            _ if self.is_cut => 0,
            Some((after, _)) => usize::try_from(after.saturating_sub(self.passed)).unwrap(),
            None => usize::MAX,
        };
        let allowed = count.min(left);
        self.passed += allowed as u64;
        allowed
    }

    fn cut(&mut self) {
        self.is_cut = matches!(self.cut.take(), Some((_, Then::StaysCut))) || self.is_cut;
        for stream in self.streams.drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

impl Wire {
    /// A whole wire to a registry at `host`.
    pub(super) fn to(host: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let host_of_wire = listener.local_addr().unwrap().to_string();
        let target = host.parse().unwrap();
        let shared = Arc::new(Shared { target, state: Mutex::default() });
        let accepted = Arc::clone(&shared);
        let accepting = thread::spawn(move || {
            for client in listener.incoming() {
                let (is_over, is_cut) = {
                    let state = accepted.state();
                    (state.is_over, state.is_cut)
                };
                match client {
                    _ if is_over => break,
                    Ok(client) if !is_cut => drop(accepted.join(client)),
                    _ => {}
                }
            }
        });
        Self { host: host_of_wire, shared, accepting: Some(accepting) }
    }

    /// Is whole from now on, counts from zero, and is cut after so many bytes.
    pub(super) fn cut_after(&self, bytes: u64, then: Then) {
        self.mend();
        self.shared.state().cut = Some((bytes, then));
    }

    /// Is whole from now on, and counts from zero.
    pub(super) fn mend(&self) {
        let mut state = self.shared.state();
        *state = State { streams: std::mem::take(&mut state.streams), ..State::default() };
    }

    /// Whether it was cut as it was to be.
    pub(super) fn was_cut(&self) -> bool {
        self.shared.state().cut.is_none()
    }

    /// Bytes that went towards the registry.
    pub(super) fn passed(&self) -> u64 {
        self.shared.state().passed
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state();
            state.is_over = true;
            state.cut();
        }
        // Whoever waits for a client gets one.
        drop(TcpStream::connect(&self.host));
        self.accepting.take().map(JoinHandle::join).transpose().unwrap();
    }
}
