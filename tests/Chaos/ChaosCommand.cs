using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Chaos.Driving;
using Chaos.Invariants;
using Chaos.Plans;
using Chaos.Recorded;

namespace Chaos;

/// <summary>The command line of <c>ops/chaos</c>.</summary>
public sealed class ChaosCommand(TextWriter output, TextWriter progress)
{
    const int Violated = 1, Misuse = 2, Interrupted = 130;

    const string Usage = """
        usage: ops/chaos [--seed N] [--minutes M] [--workers W] [--folder PATH] [--plan]
               ops/chaos check HISTORY

        Runs W engines (3) for M minutes (1) through faults that follow from the seed, heals them, and checks what was recorded. Exit code 1:
        something was violated. --plan only prints what would be done. Logs and history.jsonl go to the folder (a new one below the
        system's temporary folder); `check` judges such a history again.
        """;

    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        if (arguments is ["check", var path]) return Report(AllInvariants.Check(HistoryFile.Read(path)), null);
        if (ChaosOptions.Parse(arguments) is not { } options)
        {
            await progress.WriteLineAsync(Usage);
            return Misuse;
        }
        var plan = Plan.Make(options.Seed, options.Length, options.Workers);
        if (options.IsPlanOnly)
        {
            foreach (var step in plan.Steps) await output.WriteLineAsync(step.Line());
            return 0;
        }
        return await RunAsync(plan, options, ct);
    }

    async Task<int> RunAsync(Plan plan, ChaosOptions options, CancellationToken ct)
    {
        var folder = options.Folder is null ? Directory.CreateTempSubdirectory("engine-chaos-").FullName : Directory.CreateDirectory(options.Folder).FullName;
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        await progress.WriteLineAsync($"seed {plan.Seed}, {plan.Length.TotalMinutes:0.##} minutes, {plan.Workers} workers, {plan.Steps.Count} steps; logs and history in {folder}");
        var live = new ProgressLine(progress, isTerminal: progress == Console.Error && !Console.IsErrorRedirected);
        var driver = new Driver(plan, folder, live.Say);
        try
        {
            History history;
            await using (live.Follow(() => driver.Status)) history = await driver.RunAsync(interrupted.Token);
            var verdicts = AllInvariants.Check(history);
            var code = Report(verdicts, driver);
            Result(plan, history, verdicts, driver);
            if (code != 0) await progress.WriteLineAsync($"replay: ops/chaos --seed {plan.Seed} --minutes {plan.Length.TotalMinutes.ToString("0.##", CultureInfo.InvariantCulture)} --workers {plan.Workers}; judge again: ops/chaos check {Path.Combine(folder, "history.jsonl")}");
            return code;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            await progress.WriteLineAsync("interrupted");
            return Interrupted;
        }
        catch (Exception e) // the last stop: a run that broke off proves nothing
        {
            await progress.WriteLineAsync($"the run broke off: {e}");
            return Violated;
        }

        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = true; // the process ends by itself, after the clean-up
            interrupted.Cancel();
        }
    }

    int Report(IReadOnlyList<Verdict> verdicts, Driver? driver)
    {
        const int Shown = 20;
        foreach (var verdict in verdicts)
        {
            progress.WriteLine($"{verdict.Invariant.Name,-4} {(verdict.Violations.Count == 0 ? "holds   " : "VIOLATED"),-9} {verdict.Checked,7} checked  {verdict.Invariant.Promise}");
            foreach (var violation in verdict.Violations.Take(Shown)) progress.WriteLine($"       {violation}");
            if (verdict.Violations.Count > Shown) progress.WriteLine($"       and {verdict.Violations.Count - Shown} more");
        }
        foreach (var (name, code) in driver?.BadExits ?? new Dictionary<string, int>()) progress.WriteLine($"engine {name} ended with {code} after SIGTERM");
        return verdicts.Any(v => v.Violations.Count > 0) || driver?.BadExits.Count > 0 ? Violated : 0;
    }

    void Result(Plan plan, History history, IReadOnlyList<Verdict> verdicts, Driver driver) => output.WriteLine("RESULT " + JsonSerializer.Serialize(new
    {
        seed = plan.Seed,
        minutes = Math.Round(plan.Length.TotalMinutes, 2),
        workers = plan.Workers,
        steps = plan.Steps.Count,
        faults = plan.Steps.Count(s => s.IsFault()),
        starts = driver.Starts,
        tasks = history.Tables.Tasks.Count,
        attempts = history.Tables.Attempts.Count,
        takeovers = history.Tables.Attempts.Count(a => a.Fault == "worker_lost"),
        filings_unknown = history.Filings.Count(f => f.Commit == Commit.Unknown),
        effects = history.Events.Count(e => e.Kind == WorldEventKind.Effect),
        effects_refused = driver.EffectsRefused,
        decisions = history.Decisions.Count,
        events = history.Events.Count,
        violations = verdicts.ToDictionary(v => v.Invariant.Name, v => v.Violations.Count),
    }));
}
