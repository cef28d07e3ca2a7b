// Theme: pages drawn without knowing who looks at them take the last choice from its cookie, before anything is painted.

const chosen = /(?:^|; )theme=(light|dark)(?:;|$)/.exec(document.cookie);
if (chosen) document.documentElement.dataset.theme = chosen[1];
