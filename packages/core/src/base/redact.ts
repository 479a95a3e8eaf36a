// Patterns of secrets: JWTs, bearer tokens, tokens and keys in a query or a header, and the key prefixes of
// providers. A caller can choose a megabyte of the text, so every pattern must run in linear time: each one starts
// only at the beginning of a run of its characters.
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w-])(?=(?:[\w-]*-)?eyJ)[\w-]+\.[\w-]+\.[\w-]*/g, '[token]'],
  [/\b(Bearer)\s+[\w.~+/=-]{8,}/gi, '$1 [secret]'],
  // Lower-case letters alone are a word, not a secret: "basic knowledge".
  [/\b([Bb]asic|BASIC|[Tt]oken|TOKEN)\s+(?=[a-z]*[^a-z\s])[\w.~+/=-]{8,}/g, '$1 [secret]'],
  // In JSON too, and in JSON that is a string inside JSON. A value without quotes (null, a number) is not a secret.
  [
    /\b((?:access_?|auth_?)?token|api_?-?key|api_?-?secret|secret|password)(\\?["']?\s*[=:]\s*\\?["']?)(?!(?:null|true|false|[\d.-]+)[,}\]])(?:[^\s"'\\&,;)]|\\(?!["'])){4,}/gi,
    '$1$2[secret]',
  ],
  [/\b(?:sk|pk|rk|gsk|xai|AIza)[-_][\w-]{12,}/g, '[secret]'],
  // Credentials in a URL.
  [/(:\/\/)[^\s/@]+@/g, '$1[secret]@'],
];
const SECRET_NAME = /SECRET|TOKEN|PASSWORD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY/i;
// A shorter value may be an ordinary word, which would then disappear from every text.
const MIN_LENGTH = 8;

/**
 * Creates a function that replaces secrets in a text: everything that looks like a secret, and the values of
 * environment variables with names such as `…_SECRET` or `…_TOKEN`. Values of less than 8 characters stay.
 * @param secrets - more secret values, such as API keys that were given as options
 */
export function redactor(
  env: NodeJS.ProcessEnv = process.env,
  secrets: readonly (string | undefined)[] = [],
): (text: string) => string {
  const named = Object.entries(env).filter(([name]) => SECRET_NAME.test(name));
  const values = [...named.map(([, value]) => value), ...secrets]
    .map((value) => value?.trim() ?? '')
    .filter(({ length }) => length >= MIN_LENGTH)
    // Also as JSON escapes it.
    .flatMap((value) => [...new Set([value, JSON.stringify(value).slice(1, -1)])])
    // The longest first: a secret may contain another one.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const value of values) clean = clean.replaceAll(value, '[secret]');
    for (const [shape, instead] of SHAPES) clean = clean.replace(shape, instead);
    return clean;
  };
}
