namespace Chaos;

/// <summary>Tells a person what goes on: on a terminal one line that changes, elsewhere a line now and then.</summary>
public sealed class ProgressLine(TextWriter progress, bool isTerminal)
{
    static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(500), Elsewhere = TimeSpan.FromSeconds(10);
    const string EraseLine = "\r\u001b[K";

    readonly Lock guard = new();

    bool IsTerminal => isTerminal;

    public void Say(string text)
    {
        lock (guard) progress.WriteLine((isTerminal ? EraseLine : "") + text);
    }

    public IAsyncDisposable Follow(Func<string> status) => new Following(this, status);

    void Show(string status)
    {
        lock (guard)
        {
            if (isTerminal) progress.Write($"{EraseLine}{status[..Math.Min(status.Length, Math.Max(20, Console.WindowWidth - 1))]}");
            else progress.WriteLine(status);
        }
    }

    sealed class Following : IAsyncDisposable
    {
        readonly CancellationTokenSource stop = new();
        readonly Task showing;
        readonly ProgressLine line;

        public Following(ProgressLine line, Func<string> status)
        {
            this.line = line;
            showing = ShowAsync(status);
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await showing;
            if (line.IsTerminal) line.Say("");
            stop.Dispose();
        }

        async Task ShowAsync(Func<string> status)
        {
            while (!stop.IsCancellationRequested)
            {
                await Task.Delay(line.IsTerminal ? OnTerminal : Elsewhere, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!stop.IsCancellationRequested) line.Show(status());
            }
        }
    }
}
