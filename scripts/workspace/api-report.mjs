// The public API of a package as one text file for each of its entries, so that a change of it shows in review.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './packages.mjs';

/**
 * Compares the API reports of a built package with what is committed in its folder `etc`; with
 * `update`, writes them anew. Resolves with the exit code.
 */
export async function apiReport({ folder, manifest }, { update = false } = {}) {
  // Not at the top: this file is loaded before anything is installed.
  const { Extractor, ExtractorConfig } = await import('@microsoft/api-extractor');
  let code = 0;
  for (const { name, types } of entries(manifest)) {
    const project = join(root, folder);
    const report = `${name}.api.md`;
    const temporary = join(root, 'node_modules/.cache/api-extractor', folder);
    mkdirSync(join(project, 'etc'), { recursive: true });
    const config = ExtractorConfig.prepare({
      configObjectFullPath: undefined,
      packageJsonFullPath: join(project, 'package.json'),
      projectFolderLookupToken: project,
      configObject: configOf({ project, types, report, temporary }),
    });
    const { succeeded, apiReportChanged } = Extractor.invoke(config, {
      localBuild: update,
      messageCallback: onMessage,
    });
    if (update && succeeded) {
      console.log(`${folder}/etc/${report}: ${apiReportChanged ? 'written' : 'as it was'}`);
    } else if (apiReportChanged) {
      console.error(`The public API differs from ${folder}/etc/${report}: run "npm run api".`);
      code = 1;
    } else if (!succeeded) code = 1;
  }
  return code;
}

/** Every entry with types: `.` is `core`, `./testing` is `core-testing`. */
function entries({ name, exports }) {
  const short = name.replace(/^@[^/]+\//, '');
  return Object.entries(exports)
    .filter(([, { types }]) => types !== undefined)
    .map(([path, { types }]) => ({ name: short + path.slice(1).replaceAll('/', '-'), types }));
}

function configOf({ project, types, report, temporary }) {
  return {
    projectFolder: project,
    mainEntryPointFilePath: join(project, types),
    newlineKind: 'lf',
    compiler: { tsconfigFilePath: join(project, 'tsconfig.build.json') },
    apiReport: {
      enabled: true,
      reportFileName: report,
      reportFolder: join(project, 'etc'),
      reportTempFolder: temporary,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: { logLevel: 'error' } },
      extractorMessageReporting: {
        // Into the report, for review to judge: above all types that users meet but cannot import.
        default: { logLevel: 'error', addToApiReportFile: true },
        // No release tags here: what an entry exports is public, the rest is not.
        'ae-missing-release-tag': { logLevel: 'none' },
        // Each comes with the line of its file, which changes with every edit above it.
        'ae-undocumented': { logLevel: 'none' },
        // It knows no links to members without a selector, which editors resolve.
        'ae-unresolved-link': { logLevel: 'none' },
      },
      tsdocMessageReporting: { default: { logLevel: 'none' } },
    },
  };
}

/** Says where an error is; keeps the chatter to itself. */
function onMessage(message) {
  message.handled = true;
  if (message.logLevel !== 'error') return;
  const { sourceFilePath: file, sourceFileLine: line } = message;
  console.error(file ? `${file}:${line}: ${message.text}` : message.text);
}
