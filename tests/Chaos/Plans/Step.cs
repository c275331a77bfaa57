using System.Globalization;
using Chaos.Kinds;

namespace Chaos.Plans;

/// <summary>One thing that the driver does at its time.</summary>
public abstract record Step
{
    Step() { } // closed: the kinds below are all there are

    /// <summary>From the beginning of the run.</summary>
    public TimeSpan At { get; init; }

    /// <summary>Files tasks of one kind, all in one filing.</summary>
    /// <param name="DedupKeys">Over how many keys they are spread, so that filings meet at them; 0: none.</param>
    /// <param name="ConcurrencyKey">Null: none.</param>
    /// <param name="Later">How much later they are due; zero: at once.</param>
    /// <param name="Twice">A second filing of the same runs beside it.</param>
    public sealed record File(string Kind, int Count, ChaosPayload Payload, int DedupKeys = 0, string? ConcurrencyKey = null, TimeSpan Later = default, bool Twice = false) : Step;

    /// <summary>Files parents and children that depend on two of them each.</summary>
    public sealed record FileDag(int Parents, int Children, int Ms) : Step;

    /// <summary>kill -9; it is started again.</summary>
    public sealed record Kill(int Worker) : Step;

    /// <summary>SIGSTOP, then SIGCONT.</summary>
    public sealed record Freeze(int Worker, TimeSpan For) : Step;

    /// <summary>SIGTERM, and a second one on its heels.</summary>
    public sealed record Terminate(int Worker, bool Twice) : Step;

    /// <summary>SIGTERM and a new start for one worker after the other.</summary>
    public sealed record Roll : Step;

    /// <summary>PostgreSQL crashes and comes back.</summary>
    public sealed record RestartDatabase(TimeSpan Away) : Step;

    /// <summary>Ends all sessions of the engines, five times a second.</summary>
    public sealed record EndSessions(TimeSpan For) : Step;

    /// <summary>Nothing passes between a worker and the database, one way or both.</summary>
    /// <param name="Way">to_server, to_client or both.</param>
    /// <param name="Drops">What is sent meanwhile is lost, else it arrives afterwards.</param>
    public sealed record Partition(int Worker, string Way, bool Drops, TimeSpan For) : Step;

    /// <summary>Everything takes longer.</summary>
    public sealed record Slow(int Worker, TimeSpan By, TimeSpan For) : Step;

    /// <summary>All connections of a worker are reset.</summary>
    public sealed record Cut(int Worker) : Step;

    /// <summary>A commit whose outcome the engine does not learn.</summary>
    /// <param name="Worker">-1: the driver, who files.</param>
    /// <param name="SqlPart">Which one.</param>
    public sealed record LoseCommit(int Worker, string SqlPart, bool ReachesServer) : Step;

    /// <summary>The session on which a worker is told of new tasks hears nothing any more, without a sign.</summary>
    public sealed record DeafenListener(int Worker, TimeSpan For) : Step;

    /// <summary>A transaction that keeps an old snapshot.</summary>
    public sealed record HoldSnapshot(TimeSpan For) : Step;

    /// <summary>The wall clock of the worker that has a false one jumps.</summary>
    public sealed record SkewClock(TimeSpan By) : Step;

    /// <summary>The next writes to a table fail with an SQLSTATE.</summary>
    public sealed record InjectErrors(string Table, string SqlState, int Count) : Step;

    /// <summary>All workers take nothing new for a while.</summary>
    public sealed record Pause(TimeSpan For) : Step;

    /// <summary>An operator's command on a task, chosen among those that it may fit by a number.</summary>
    /// <param name="What">cancel, retry, redrive or reassign.</param>
    public sealed record Intervene(string What, int Number) : Step;

    /// <summary>Nothing is done to anybody: what waits beside an idle worker now has no excuse.</summary>
    public sealed record Calm(TimeSpan For) : Step;

    /// <summary>How long it is under way; zero when it is over at once.</summary>
    public TimeSpan Lasts() => this switch
    {
        Freeze s => s.For, EndSessions s => s.For, Partition s => s.For, Slow s => s.For, DeafenListener s => s.For, Pause s => s.For, RestartDatabase s => s.Away, _ => TimeSpan.Zero,
    };

    /// <summary>How it stands in the printed plan.</summary>
    public string Line() => string.Create(CultureInfo.InvariantCulture, $"{At.TotalSeconds,7:0.0} s  {this}");

    /// <summary>Whether it may keep a task from being claimed, or a worker from claiming.</summary>
    public bool IsFault() => this is not (File or FileDag or Calm or Intervene or HoldSnapshot or SkewClock);
}
