using System.CommandLine;
using System.Globalization;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs crawl</c>: counts what is piped in, or a file, once.</summary>
static class CrawlCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var input = new Argument<string>("input") { Description = "A file; - is standard input, which is the default.", DefaultValueFactory = _ => "-" };
        var source = new Option<string>("--source") { Description = "Under which name it is counted.", HelpName = "NAME", DefaultValueFactory = _ => "stdin" };
        var service = new Option<string?>("--service") { Description = "Whose log it is.", HelpName = "NAME" };
        var release = new Option<string?>("--release") { Description = "Of which release.", HelpName = "NAME" };
        var level = new Option<string>("--count-from") { Description = "The least level that is an error: warning, error (the default) or critical.", HelpName = "LEVEL" };
        level.OneOf(LogSource.Levels);
        var format = LogSource.Format();
        var command = new DocumentedCommand("crawl", "Count the lines of standard input or a file as they come. What is given again is counted again; `engine logs sources add` makes a source that is not.",
            "my-service 2>&1 | engine logs crawl - --service my-service\nengine logs crawl old.log --service shop") { input, source, service, release, level, format, frame.Json, frame.Url, frame.TokenFile };
        return command.Runs(async (parse, ct) =>
        {
            await using var lines = LogSource.Open(parse.GetRequiredValue(input));
            using var client = frame.Connect(parse, Timeout.InfiniteTimeSpan);
            var query = string.Concat(new[] { ("source", parse.GetValue(source)), ("service", parse.GetValue(service)), ("release", parse.GetValue(release)), ("countFrom", parse.GetValue(level)), ("format", parse.GetValue(format)) }
                .Where(q => q.Item2 is not null).Select((q, i) => $"{(i == 0 ? '?' : '&')}{q.Item1}={Uri.EscapeDataString(q.Item2!)}"));
            var crawled = (await client.PourAsync($"/api/logs/crawl{query}", lines, ct)).Document;
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(crawled);
            else frame.Terminal.Facts([("Lines", crawled.Text("lines")), ("Events", crawled.Text("events")), ("Errors", crawled.Text("errors")), ("Findings", crawled.Text("findings")),
                ("Dropped", string.Create(CultureInfo.InvariantCulture, $"{crawled.Text("dropped_errors")} errors, {crawled.Text("dropped_bytes")} bytes of too long lines"))]);
            return ExitCode.Done;
        });
    }
}
