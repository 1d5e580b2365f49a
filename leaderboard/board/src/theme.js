// Light or dark: as the system has it, until the reader chooses.

const CHOICES = ["auto", "light", "dark"];

/** Let a button go through the choices; this session's choice is kept where storage is allowed. */
export function followTheme(button) {
  choose(stored() ?? "auto");
  button.hidden = false;
  button.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme;
    choose(CHOICES[(CHOICES.indexOf(now) + 1) % CHOICES.length]);
  });

  function choose(theme) {
    document.documentElement.dataset.theme = theme;
    button.querySelector("span").textContent = theme;
    try {
      sessionStorage.setItem("theme", theme);
    } catch {
      // A page from a file may have no storage.
    }
  }
}

function stored() {
  try {
    const theme = sessionStorage.getItem("theme");
    return CHOICES.includes(theme) ? theme : null;
  } catch {
    return null;
  }
}
