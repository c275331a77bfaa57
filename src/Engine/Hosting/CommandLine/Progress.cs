namespace Engine.Hosting.CommandLine;

/// <summary>Shows on a person's standard error that long work goes on; a program sees nothing of it.</summary>
static class Progress
{
    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    public static async Task<T> ShowAsync<T>(CommandFrame frame, string what, Task<T> work, CancellationToken ct)
    {
        if (!frame.Terminal.IsErrorTerminal) return await work;
        var started = frame.Time.GetTimestamp();
        var isShown = false;
        while (await Task.WhenAny(work, Task.Delay(Tick, frame.Time, ct)) != work && !ct.IsCancellationRequested)
        {
            frame.Terminal.Error.Write($"\r{what} … {frame.Time.GetElapsedTime(started):mm\\:ss}");
            isShown = true;
        }
        if (isShown) frame.Terminal.Error.Write($"\r{new string(' ', what.Length + 10)}\r");
        return await work;
    }
}
