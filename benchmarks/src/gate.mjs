/** Lets nobody through before all are there. */
export function gate(parties) {
  let open;
  let missing = parties;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return () => {
    missing -= 1;
    if (missing === 0) open();
    return opened;
  };
}
