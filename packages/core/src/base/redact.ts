// What looks like a secret wherever it stands: a JWT, a bearer token, a token or key in a query or a header,
// and the prefixes providers give their keys. A line may be a megabyte of what a caller has chosen: none of these
// may look at a character more than a few times, so each begins where a run of its characters does.
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w-])(?=(?:[\w-]*-)?eyJ)[\w-]+\.[\w-]+\.[\w-]*/g, '[token]'],
  [/\b(Bearer)\s+[\w.~+/=-]{8,}/gi, '$1 [secret]'],
  // Not all of it small letters: "basic knowledge" is none.
  [/\b([Bb]asic|BASIC|[Tt]oken|TOKEN)\s+(?=[a-z]*[^a-z\s])[\w.~+/=-]{8,}/g, '$1 [secret]'],
  // In JSON too, where what stands without quotes is none, and in JSON that is a text of JSON.
  [
    /\b((?:access_?|auth_?)?token|api_?-?key|api_?-?secret|secret|password)(\\?["']?\s*[=:]\s*\\?["']?)(?!(?:null|true|false|[\d.-]+)[,}\]])(?:[^\s"'\\&,;)]|\\(?!["'])){4,}/gi,
    '$1$2[secret]',
  ],
  [/\b(?:sk|pk|rk|gsk|xai|AIza)[-_][\w-]{12,}/g, '[secret]'],
  // Credentials in a URL.
  [/(:\/\/)[^\s/@]+@/g, '$1[secret]@'],
];
const SECRET_NAME = /SECRET|TOKEN|PASSWORD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY/i;
// Shorter ones are words that would be taken out of any text.
const LEAST = 8;

/**
 * Takes secrets out of text that leaves the process: what looks like one, and the values of variables whose
 * names say that they hold one.
 * @param secrets - more values, such as those given as options
 */
export function redactor(
  env: NodeJS.ProcessEnv = process.env,
  secrets: readonly (string | undefined)[] = [],
): (text: string) => string {
  const named = Object.entries(env).filter(([name]) => SECRET_NAME.test(name));
  const values = [...named.map(([, value]) => value), ...secrets]
    .map((value) => value?.trim() ?? '')
    .filter(({ length }) => length >= LEAST)
    // As it stands in a line of JSON, too.
    .flatMap((value) => [...new Set([value, JSON.stringify(value).slice(1, -1)])])
    // A secret that contains another goes first.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const value of values) clean = clean.replaceAll(value, '[secret]');
    for (const [shape, instead] of SHAPES) clean = clean.replace(shape, instead);
    return clean;
  };
}
