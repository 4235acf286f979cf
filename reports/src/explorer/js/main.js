// Unpacks what the page carries and shows it. What can't be shown is said, and the printed figures are there.

async function start() {
  const root = document.getElementById("explorer");
  const note = document.getElementById("timeline-note");
  const carried = (id) => document.getElementById(id).textContent;
  const record = JSON.parse(carried("record"));
  if (record.manifest.nodes === 0 || record.manifest.duration_ns === 0) {
    note.textContent = "Nothing ran, so there is no time line.";
    return;
  }
  readTheme();
  const failed = (what, error) => {
    note.hidden = false;
    note.textContent = `${what} can't be shown here: ${error.message}. The figures below are complete.`;
  };
  let explorer;
  try {
    const series = readSeries(await inflate(carried("series")));
    root.hidden = false;
    document.body.classList.add("live");
    explorer = new Explorer({ record, series, root });
    explorer.paint();
  } catch (error) {
    failed("The numbers of this run", error);
    return;
  }
  // For those who want to compute with what the page holds, in the browser's console.
  window.bitcraps = explorer;
  for (const link of document.querySelectorAll("a.go")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      explorer.follow(link);
    });
  }
  note.textContent = "The messages are being unpacked.";
  await new Promise((done) => setTimeout(done));
  try {
    const film = new Film(readFilm(await inflate(carried("film"))));
    explorer.addFilm(film);
    explorer.paint();
    note.hidden = film.stretches.length > 0;
    note.textContent = "No messages of this run were kept, so there is no diagram of them.";
    root.dataset.ready = "yes";
  } catch (error) {
    failed("The messages of this run", error);
  }
}

// After the first paint: the verdict is what most readers want first.
requestAnimationFrame(() => setTimeout(start));
