// A JSON Web Token, wherever it stands.
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g;
const SECRET_NAME = /SECRET|TOKEN|PASSWORD|API_?KEY|PRIVATE_?KEY/i;
// Shorter ones would take ordinary words out of a text.
const SHORTEST = 8;

/** Takes out of texts what nobody should see: tokens, and the values of variables whose names say so. */
export function redactor(
  env: NodeJS.ProcessEnv,
  secrets: readonly (string | undefined)[] = [],
): (text: string) => string {
  const named = Object.entries(env)
    .filter(([name]) => SECRET_NAME.test(name))
    .map(([, value]) => value);
  const values = [...named, ...secrets]
    .filter((value) => value !== undefined && value.length >= SHORTEST)
    // The longer first: one may be a part of another.
    .toSorted((a, b) => (b ?? '').length - (a ?? '').length);
  return (text) => {
    let clean = text.replaceAll(TOKEN, '[token]');
    for (const value of values) clean = clean.replaceAll(value ?? '', '[secret]');
    return clean;
  };
}
