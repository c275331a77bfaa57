namespace Support.Proxy;

/// <summary>What befalls bytes in one direction through a <see cref="TcpProxy"/>; to be changed at any time.</summary>
public sealed class ProxyDirection
{
    static readonly Func<ProxiedConnection, bool> All = _ => true;

    readonly Lock guard = new();
    TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    State state = new(Transit.Passed, TimeSpan.Zero, All);

    /// <summary>Everything passes.</summary>
    public void Pass() => Set(new State(Transit.Passed, TimeSpan.Zero, All));

    /// <summary>Bytes vanish without a sign; the connection can never be used again, and neither side is told.</summary>
    /// <param name="only">Null: on all connections.</param>
    public void Drop(Func<ProxiedConnection, bool>? only = null) => Set(new State(Transit.Dropped, TimeSpan.Zero, only ?? All));

    /// <summary>Bytes wait, as in a partition, and arrive once it is over.</summary>
    public void Hold(Func<ProxiedConnection, bool>? only = null) => Set(new State(Transit.Held, TimeSpan.Zero, only ?? All));

    /// <summary>Each piece arrives later by that much.</summary>
    public void Delay(TimeSpan by, Func<ProxiedConnection, bool>? only = null) => Set(new State(Transit.Passed, by, only ?? All));

    void Set(State next)
    {
        TaskCompletionSource previous;
        lock (guard)
        {
            state = next;
            previous = changed;
            changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        previous.SetResult();
    }

    /// <returns>False: the piece is lost. True once it may go on.</returns>
    internal async Task<bool> LetThroughAsync(ProxiedConnection connection, CancellationToken ct)
    {
        var delayed = false;
        while (true)
        {
            State now;
            Task change;
            lock (guard) (now, change) = (state, changed.Task);
            if (!now.Only(connection)) return true;
            if (now.Transit == Transit.Dropped) return false;
            if (now.Transit == Transit.Passed && (delayed || now.By == TimeSpan.Zero)) return true;
            if (now.Transit == Transit.Held) await change.WaitAsync(ct);
            else
            {
                // A healed line delivers at once what was under way.
                await Task.WhenAny(change, Task.Delay(now.By, ct));
                ct.ThrowIfCancellationRequested();
                delayed = true;
            }
        }
    }

    enum Transit { Passed, Dropped, Held }

    sealed record State(Transit Transit, TimeSpan By, Func<ProxiedConnection, bool> Only);
}
