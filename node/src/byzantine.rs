//! How a testbed makes this daemon misbehave: a Unix socket on which it takes orders (`run --control SOCKET`).
//!
//! Only a build with the feature `byzantine` has it, and no production build has that feature. What can be ordered, and
//! how it is carried out, is in `bitcraps-adversary`.

use bitcraps_actors::ports::Ports;
use bitcraps_adversary::Saboteur;
use bitcraps_adversary::orders::{Done, MAX_BYTES, Order};
use bitcraps_casino::Genesis;
use std::cell::RefCell;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::timeout;

/// How long counts that have grown may wait before they are told.
const NEWS: Duration = Duration::from_millis(20);

/// The socket, before anybody obeys.
pub(crate) struct Control(UnixDatagram);

impl Control {
    /// Binds it. A process that was killed left its socket behind, which is replaced; nothing else is.
    pub(crate) fn bind(path: &Path) -> io::Result<Control> {
        if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
            fs::remove_file(path)?;
        }
        let socket = UnixDatagram::bind(path)?;
        socket.set_nonblocking(true)?;
        Ok(Control(socket))
    }

    /// Puts the adversary before a node's ports, and takes orders from now on. To be called inside a `LocalSet`.
    pub(crate) fn take_over(self, mut ports: Ports, genesis: &Genesis) -> io::Result<Ports> {
        let incoming = tokio::net::UnixDatagram::from_std(self.0.try_clone()?)?;
        let socket = Rc::new(self.0);
        let line = {
            let socket = socket.clone();
            move |accomplices: &[String], order: &Order| {
                accomplices.iter().for_each(|path| send(&socket, Path::new(path), order));
            }
        };
        let saboteur = Saboteur::slip_in(&mut ports, genesis, Rc::new(line));
        let desk = Desk { saboteur, socket, told: RefCell::default(), testbed: RefCell::default() };
        tokio::task::spawn_local(serve(desk, incoming));
        tracing::warn!("this daemon misbehaves when it is told to");
        Ok(ports)
    }
}

/// Where orders come in and counts go out.
struct Desk {
    saboteur: Saboteur,
    socket: Rc<UnixDatagram>,
    told: RefCell<Done>,
    testbed: RefCell<Option<PathBuf>>,
}

async fn serve(desk: Desk, incoming: tokio::net::UnixDatagram) {
    let mut buffer = vec![0; MAX_BYTES];
    loop {
        match timeout(NEWS, incoming.recv_from(&mut buffer)).await {
            Ok(Ok((length, from))) => desk.take(&buffer[..length], from.as_pathname()),
            Ok(Err(error)) => {
                tracing::error!(%error, "the control socket fails: the daemon goes on as it was told last");
                return;
            }
            Err(_) => {}
        }
        desk.tell_news();
    }
}

impl Desk {
    fn take(&self, bytes: &[u8], from: Option<&Path>) {
        match borsh::from_slice(bytes) {
            Ok(order) => {
                tracing::debug!(?order, "ordered");
                if !matches!(order, Order::Told { .. }) {
                    *self.testbed.borrow_mut() = from.map(Path::to_owned);
                }
                self.saboteur.obey(order);
            }
            Err(error) => tracing::warn!(%error, "that is no order"),
        }
    }

    fn tell_news(&self) {
        let done = self.saboteur.done();
        if let Some(testbed) = &*self.testbed.borrow()
            && *self.told.borrow() != done
        {
            send(&self.socket, testbed, &done);
            *self.told.borrow_mut() = done;
        }
    }
}

impl Drop for Desk {
    /// The node stops, perhaps because of what was done to it: the testbed hears the last of it.
    fn drop(&mut self) {
        self.tell_news();
    }
}

fn send(socket: &UnixDatagram, to: &Path, what: &impl borsh::BorshSerialize) {
    let sent = borsh::to_vec(what).and_then(|bytes| socket.send_to(&bytes, to));
    if let Err(error) = sent {
        tracing::debug!(%error, to = %to.display(), "not told");
    }
}
