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
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A handle to the connection that a request came by.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    flushes: watch::Sender<u64>,
    reset: AtomicBool,
}

impl Connection {
    fn new() -> Self {
        let shared = Shared { flushes: watch::Sender::new(0), reset: AtomicBool::new(false) };
        Self(Arc::new(shared))
    }

    /// Waits until everything that the server has buffered so far is in the kernel's hands.
    pub(crate) async fn flushed(&self) {
        let mut flushes = self.0.flushes.subscribe();
        flushes.mark_unchanged();
        // An error means that the connection is gone, and then nothing is left to wait for.
        drop(flushes.changed().await);
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
pub(crate) struct Door(TcpListener);

impl Door {
    /// Listens on a socket that does not block; needs a tokio runtime around it.
    pub(crate) fn new(listener: std::net::TcpListener) -> Self {
        Self(TcpListener::from_std(listener).expect("the socket does not block"))
    }
}

impl Listener for Door {
    type Io = Stream;
    type Addr = Connection;

    async fn accept(&mut self) -> (Stream, Connection) {
        loop {
            if let Ok((tcp, _)) = self.0.accept().await {
                // Without this, small answers would wait for the peer's delayed ACK.
                drop(tcp.set_nodelay(true));
                let connection = Connection::new();
                return (Stream { tcp, connection: connection.clone() }, connection);
            }
            tokio::task::yield_now().await;
        }
    }

    fn local_addr(&self) -> io::Result<Connection> {
        Ok(Connection::new())
    }
}

/// One accepted connection.
pub(crate) struct Stream {
    tcp: TcpStream,
    connection: Connection,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.connection.0.reset.load(Ordering::Relaxed) {
            drop(self.tcp.set_zero_linger());
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.tcp).poll_flush(cx);
        if flushed.is_ready() {
            self.connection.0.flushes.send_modify(|count| *count += 1);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
