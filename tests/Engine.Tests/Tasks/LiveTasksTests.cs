using System.Collections;
using Engine.Hosting.CommandLine;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>The live view of <c>engine tasks watch</c>.</summary>
public sealed class LiveTasksTests(IdleEngine engine) : IClassFixture<IdleEngine>
{
    [Fact]
    public async Task The_live_view_shows_what_happens_and_gives_the_screen_back()
    {
        using var screen = new Screen();
        using var stop = new CancellationTokenSource();
        var environment = new Dictionary<string, string> { ["ENGINE_URL"] = engine.Server.Url.ToString(), ["ENGINE_TOKEN"] = engine.Server.AdminToken, ["HOME"] = engine.Server.DataFolder };
        var terminal = new Terminal(screen, TextWriter.Null, isOutputTerminal: true, isErrorTerminal: false, isColoured: true);
        var watch = EngineCommand.RunAsync(["tasks", "watch"], new CommandFrame(terminal, (IDictionary)environment, TimeProvider.System), stop.Token);
        await Eventually.TrueAsync(() => screen.Text.Contains("Nothing has happened since", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the view is drawn");

        var taskId = await engine.FileAsync();

        await Eventually.TrueAsync(() => screen.Text.Contains($"{taskId}"[^12..], StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the task is shown");
        await stop.CancelAsync();
        Assert.Equal((int)ExitCode.Interrupted, await watch.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("running", screen.Text, StringComparison.Ordinal);
        Assert.EndsWith("\e[?25h\e[?1049l", screen.Text, StringComparison.Ordinal);
    }

    sealed class Screen : StringWriter
    {
        readonly Lock guard = new();

        public string Text { get { lock (guard) return ToString(); } }

        public override void Write(char value) { lock (guard) base.Write(value); }

        public override void Write(char[] buffer, int index, int count) { lock (guard) base.Write(buffer, index, count); }

        public override void Write(string? value) { lock (guard) base.Write(value); }
    }
}
