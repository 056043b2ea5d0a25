#!/usr/bin/env bash
# Carries linecook's home folder (registry, ledger, scores) between jobs on a
# branch of the repository that the workflow runs for:
#
#   state.sh restore    fills the home folder from the branch, if there is one
#   state.sh save       commits the home folder and pushes it to the branch
#
# A branch and not the cache or an artifact: a cache that a tag's run wrote is
# invisible to the default branch, and an artifact expires and could come from a
# fork. Only what may write the repository's contents can write the branch, and
# its history says who wrote what, when. Two jobs at once do not overwrite each
# other: the second replays its commit on the first's, and where both wrote the
# same file it fails.
set -euo pipefail

: "${RUNNER_TEMP:?is set by the runner}" "${GITHUB_SERVER_URL:?is set by the runner}" "${GITHUB_REPOSITORY:?is set by the runner}"
home=${STATE_HOME:-.linecook}
branch=refs/heads/${STATE_BRANCH:-linecook-state}
remote=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY

# The repository's data stand outside the home folder, so that what linecook
# sees there is its own files only.
mkdir -p "$home"
cd "$home"
export GIT_DIR="$RUNNER_TEMP/linecook-state.git" GIT_WORK_TREE=.

# The token is git's for the time of this script; nothing else gets to see it.
if [ -n "${STATE_TOKEN:-}" ]; then
  credentials=$(printf 'x-access-token:%s' "$STATE_TOKEN" | base64 | tr -d '\n')
  echo "::add-mask::$credentials"
  export GIT_CONFIG_COUNT=1
  export GIT_CONFIG_KEY_0="http.$GITHUB_SERVER_URL/.extraheader"
  export GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $credentials"
fi

as_bot=(-c user.name=github-actions[bot] -c user.email=41898282+github-actions[bot]@users.noreply.github.com)

restore() {
  git init --quiet
  # Asking first tells an absent branch from a remote that does not answer.
  local found
  found=$(git ls-remote "$remote" "$branch")
  if [ -z "$found" ]; then
    echo "no ${branch#refs/heads/} yet: the home folder starts empty"
    return
  fi
  git fetch --quiet --depth=1 "$remote" "$branch"
  git reset --quiet --hard FETCH_HEAD
  echo "restored $(git ls-files | wc -l) files from ${branch#refs/heads/}, commit $(git rev-parse HEAD)"
}

save() {
  git add --all --force
  if git diff --cached --quiet; then
    echo "the home folder did not change"
    return
  fi
  git "${as_bot[@]}" commit --quiet --message "${GITHUB_WORKFLOW:-linecook}: run ${GITHUB_RUN_ID:-unknown}"
  for _ in 1 2 3 4 5; do
    if git push --quiet "$remote" "HEAD:$branch"; then
      echo "saved $(git ls-files | wc -l) files to ${branch#refs/heads/}, commit $(git rev-parse HEAD)"
      return
    fi
    git fetch --quiet "$remote" "$branch"
    if ! git "${as_bot[@]}" rebase --quiet FETCH_HEAD; then
      git rebase --abort
      echo "::error title=linecook state::another job changed the same files on ${branch#refs/heads/}; run this job again"
      exit 1
    fi
  done
  echo "::error title=linecook state::${branch#refs/heads/} refused the push five times; may this job write the repository's contents?"
  exit 1
}

case "${1:-}" in
  restore) restore ;;
  save) save ;;
  *)
    echo "::error title=linecook state::mode is restore or save"
    exit 2
    ;;
esac
