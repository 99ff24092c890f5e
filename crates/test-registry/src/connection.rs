//! Connections that know when their bytes left, and that can be reset instead of closed.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A handle to the connection that a request came by.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    number: u64,
    is_identified: bool,
    flushes: watch::Sender<u64>,
    reset: AtomicBool,
    killed: AtomicBool,
}

impl Connection {
    fn new(number: u64, is_identified: bool) -> Self {
        let flushes = watch::Sender::new(0);
        let (reset, killed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Shared { number, is_identified, flushes, reset, killed }))
    }

    /// Which connection to this registry it is, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    /// Whether the client showed a certificate.
    pub(crate) fn is_identified(&self) -> bool {
        self.0.is_identified
    }

    /// Waits until everything that the server has buffered so far is in the kernel's hands.
    pub(crate) async fn flushed(&self) {
        let mut flushes = self.0.flushes.subscribe();
        flushes.mark_unchanged();
        // An error means that the connection is gone, and then nothing is left to wait for.
        drop(flushes.changed().await);
    }

    /// Ends the connection without another byte in either direction.
    pub(crate) fn kill(&self) {
        self.reset_on_close();
        self.0.killed.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> io::Result<()> {
        match self.0.killed.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::ConnectionReset.into()),
            false => Ok(()),
        }
    }

    /// Makes the connection end with a reset (RST) when it is dropped.
    pub(crate) fn reset_on_close(&self) {
        self.0.reset.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Door>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.remote_addr().clone()
    }
}

/// The listener.
pub(crate) struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    accepted: u64,
}

impl Door {
    /// Listens on a socket that does not block; needs a tokio runtime around it.
    pub(crate) fn new(listener: std::net::TcpListener, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::from_std(listener).expect("the socket does not block");
        Self { listener, tls: tls.map(|tls| TlsAcceptor::from(Arc::new(tls))), accepted: 0 }
    }

    async fn try_accept(&mut self) -> io::Result<(Stream, Connection)> {
        let (tcp, _) = self.listener.accept().await?;
        // Without this, small answers would wait for the peer's delayed ACK.
        tcp.set_nodelay(true)?;
        let io = match &self.tls {
            None => Io::Plain(tcp),
            Some(tls) => Io::Tls(Box::new(tls.accept(tcp).await?)),
        };
        self.accepted += 1;
        let connection = Connection::new(self.accepted, io.is_identified());
        Ok((Stream { io, connection: connection.clone() }, connection))
    }
}

impl Listener for Door {
    type Io = Stream;
    type Addr = Connection;

    async fn accept(&mut self) -> (Stream, Connection) {
        loop {
            // A client that breaks off its handshake is no reason to stop listening.
            match self.try_accept().await {
                Ok(accepted) => return accepted,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Connection> {
        Ok(Connection::new(0, false))
    }
}

/// One accepted connection.
pub(crate) struct Stream {
    io: Io,
    connection: Connection,
}

enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Io {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    fn is_identified(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.get_ref().1.peer_certificates().is_some(),
        }
    }
}

/// Calls a method of whatever the connection is made of.
macro_rules! with_io {
    ($stream:ident, $io:ident => $call:expr) => {
        match &mut $stream.io {
            Io::Plain(tcp) => {
                let $io = Pin::new(tcp);
                $call
            }
            Io::Tls(tls) => {
                let $io = Pin::new(&mut **tls);
                $call
            }
        }
    };
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.connection.0.reset.load(Ordering::Relaxed) {
            drop(self.io.tcp().set_zero_linger());
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.connection.check()?;
        with_io!(self, io => io.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.check()?;
        with_io!(self, io => io.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = with_io!(self, io => io.poll_flush(cx));
        if flushed.is_ready() {
            self.connection.0.flushes.send_modify(|count| *count += 1);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_io!(self, io => io.poll_shutdown(cx))
    }
}
