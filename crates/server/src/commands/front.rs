//! The address on which this process answers.
//!
//! The socket is bound once and kept, while first the lobby and then the service answer on
//! it: connections that arrive in between wait in the socket's queue.

use std::{io, net::SocketAddr, net::TcpListener, time::Duration};

use accunode_tasks::Tasks;
use actix_web::{
    App, Error, HttpServer,
    body::BoxBody,
    dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse},
};
use anyhow::Context;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::task::{JoinError, JoinHandle};

/// The length of the queue of connections.
const BACKLOG: i32 = 1024;

/// The time limit for requests in progress when the process stops, in seconds.
const FINISH_SECONDS: u64 = 20;

/// The time that an accepted connection may take to reach a worker.
const ON_THE_WAY: Duration = Duration::from_millis(20);

/// The time limit for handshakes in progress when no new ones are accepted.
const HANDSHAKES: Duration = Duration::from_millis(300);

/// Binds the address. It is never shared with another process (`SO_REUSEPORT`): the system
/// would give each a share of the connections, and a second process that was started by
/// mistake would go unnoticed.
///
/// # Errors
/// If the address is in use, or not one of this machine.
pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = || -> io::Result<TcpListener> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        // Connections of the previous process may still be closing.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    bound().with_context(|| format!("cannot listen on {address}"))
}

/// An application that answers on the socket.
#[derive(Debug)]
pub(crate) struct Front {
    listener: TcpListener,
    handle: ServerHandle,
    served: JoinHandle<io::Result<()>>,
}

impl Front {
    /// Starts answering.
    ///
    /// # Errors
    /// If the system has no more threads or files.
    pub(crate) fn open<S>(
        listener: &TcpListener,
        workers: usize,
        tasks: &Tasks,
        application: impl Fn() -> App<S> + Clone + Send + 'static,
    ) -> anyhow::Result<Self>
    where
        S: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<BoxBody>,
                Error = Error,
                InitError = (),
            > + 'static,
    {
        let server = HttpServer::new(application)
            .workers(workers)
            .disable_signals()
            .shutdown_timeout(FINISH_SECONDS)
            .listen(listener.try_clone()?)
            .context("cannot answer on the bound address")?
            .run();
        let handle = server.handle();
        Ok(Self {
            listener: listener.try_clone()?,
            handle,
            served: tasks.background(server),
        })
    }

    /// Waits until it does not answer any more, which happens only by a defect.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        match flat((&mut self.served).await) {
            Ok(()) => anyhow::anyhow!("the HTTP server has ended"),
            Err(error) => error,
        }
    }

    /// Leaves the socket to another application, and returns when the accepted requests are
    /// finished. Connections that arrive meanwhile wait in the socket's queue.
    pub(crate) async fn leave(self) {
        self.handle.pause().await;
        // A connection that was just accepted is still on its way to a worker.
        tokio::time::sleep(ON_THE_WAY).await;
        self.close().await;
    }

    /// Answers on every existing connection, accepts no others, and ends.
    ///
    /// Closing a listening socket resets the connections in its queue, and between the last
    /// check of the queue and the closing there is always time for one more. So the system
    /// is asked first to drop requests for new connections without an answer: their clients
    /// send them again after a second, to a closed port or to the next process. Then the
    /// queue runs empty, and is closed.
    pub(crate) async fn close_for_good(self) {
        refuse_new(&self.listener);
        tokio::time::sleep(HANDSHAKES).await;
        self.close().await;
    }

    async fn close(self) {
        drop(self.listener);
        let ((), ended) = tokio::join!(self.handle.stop(true), self.served);
        if let Err(error) = flat(ended) {
            tracing::error!(
                error = format!("{error:#}"),
                "the HTTP server did not end in order"
            );
        }
    }
}

fn flat(ended: Result<io::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended
        .context("the HTTP server panicked")?
        .context("the HTTP server failed")
}

/// Makes the system drop requests for new connections, and nothing else.
#[cfg(target_os = "linux")]
fn refuse_new(listener: &TcpListener) {
    use socket2::{SockFilter, SockRef};

    // Classic BPF on the TCP header: of its flags (byte 13) SYN alone, without ACK.
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let only_syn = [
        SockFilter::new(LOAD_BYTE, 0, 0, 13),
        SockFilter::new(AND, 0, 0, 0x12),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, 0x02),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    if let Err(error) = SockRef::from(listener).attach_filter(&only_syn) {
        tracing::debug!(%error, "new connections are taken until the socket is closed");
    }
}

#[cfg(not(target_os = "linux"))]
fn refuse_new(_: &TcpListener) {}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read, Write},
        net::TcpStream,
    };

    use super::*;

    #[test]
    fn address_in_use_is_named_in_the_error() {
        let first = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = first.local_addr().unwrap();
        let error = format!("{:#}", bind(address).unwrap_err());
        assert!(
            error.contains(&format!("cannot listen on {address}")),
            "{error}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn queued_connections_are_served_while_new_ones_are_refused() {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = TcpStream::connect(address).unwrap();
        queued.write_all(b"hello").unwrap();
        refuse_new(&listener);
        let late = TcpStream::connect_timeout(&address, Duration::from_millis(200));
        let refused = late.unwrap_err().kind();
        assert!(
            matches!(refused, ErrorKind::TimedOut | ErrorKind::WouldBlock),
            "{refused}"
        );
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.set_nonblocking(false).unwrap();
        let mut heard = [0; 5];
        accepted.read_exact(&mut heard).unwrap();
        accepted.write_all(&heard).unwrap();
        queued.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
    }
}
