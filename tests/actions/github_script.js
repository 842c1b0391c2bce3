// What actions/github-script gives a script, over issues and comments that are plain data.
// In: {script, context, permissions, state} on stdin. Out: {state, outputs, warnings, calls}.
'use strict';
const fs = require('fs');
const { script, context, permissions, state } = JSON.parse(fs.readFileSync(0, 'utf8'));
const outputs = {}, warnings = [], calls = [];
const BOT = { login: 'github-actions[bot]', type: 'Bot' };

function allow(call, level, ...scopes) {
  calls.push(call);
  if (scopes.some((scope) => permissions[scope] === 'write' || permissions[scope] === level)) return;
  throw Object.assign(new Error('Resource not accessible by integration'), { status: 403 });
}
function limited(body) {
  if (body !== undefined && body.length > 65536) throw Object.assign(new Error('body is too long'), { status: 422 });
}
const answer = (data) => ({ data });
const issues = {
  async listComments({ issue_number }) {
    allow('listComments', 'read', 'issues', 'pull-requests');
    return answer(state.comments.filter((one) => one.issue_number === issue_number));
  },
  async createComment({ issue_number, body }) {
    allow('createComment', 'write', 'issues', 'pull-requests');
    limited(body);
    state.comments.push({ id: state.comments.length + 1, issue_number, body, user: BOT });
    return answer({});
  },
  async updateComment({ comment_id, body }) {
    allow('updateComment', 'write', 'issues', 'pull-requests');
    limited(body);
    state.comments.find((one) => one.id === comment_id).body = body;
    return answer({});
  },
  async listForRepo({ labels, state: wanted }) {
    allow('listForRepo', 'read', 'issues');
    return answer(state.issues.filter((one) => one.state === wanted && one.labels.includes(labels)));
  },
  async create({ title, body, labels }) {
    allow('create', 'write', 'issues');
    limited(body);
    state.issues.push({ number: state.issues.length + 1, title, body, labels, state: 'open', user: BOT });
    return answer({});
  },
  async update({ issue_number, owner, repo, ...changes }) {
    allow('update', 'write', 'issues');
    limited(changes.body);
    Object.assign(state.issues.find((one) => one.number === issue_number), changes);
    return answer({});
  },
};
const repos = {
  async listPullRequestsAssociatedWithCommit({ commit_sha }) {
    allow('listPullRequestsAssociatedWithCommit', 'read', 'pull-requests');
    return answer(state.pulls.filter((one) => one.merge_commit_sha === commit_sha));
  },
};
const github = { rest: { issues, repos }, paginate: async (method, sent) => (await method(sent)).data };
const core = {
  setOutput: (name, value) => { outputs[name] = value; },
  warning: (text) => { warnings.push(text); },
};
const AsyncFunction = Object.getPrototypeOf(async () => { }).constructor;
new AsyncFunction('require', 'github', 'context', 'core', script)(require, github, context, core).then(
  () => process.stdout.write(JSON.stringify({ state, outputs, warnings, calls })),
  (error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); },
);
