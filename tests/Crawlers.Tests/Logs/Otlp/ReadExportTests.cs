using System.Text;
using Crawlers.Logs.Events;
using Crawlers.Logs.Otlp;
using Crawlers.Logs.Sources;
using Crawlers.Tests.Logs.Events;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Exporter;
using LogLevel = Crawlers.Logs.Events.LogLevel;

namespace Crawlers.Tests.Logs.Otlp;

/// <summary>What exporters send becomes events, in both encodings.</summary>
public sealed class ReadExportTests
{
    static readonly DateTimeOffset Near = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    static ExportRead.Taken Taken(byte[] body, ExportEncoding encoding = ExportEncoding.Protobuf) => Assert.IsType<ExportRead.Taken>(ReadExport.Run(body, encoding, Near));

    static ExportRead.Taken OfJson(string body) => Taken(Encoding.UTF8.GetBytes(body), ExportEncoding.Json);

    static string Lines(LogChunk chunk) => Encoding.UTF8.GetString(chunk.Lines.Span);

    [Theory]
    [InlineData(OtlpExportCompression.None)]
    [InlineData(OtlpExportCompression.GZip)]
    public async Task What_the_real_exporter_sends_becomes_events(OtlpExportCompression compression)
    {
        var received = await OtlpReceiver.ReceiveAsync(compression, loggers =>
        {
            var orders = loggers.CreateLogger("Shop.Orders");
            orders.LogWarning("order {OrderId} is late", 17);
            try
            {
                throw new InvalidOperationException("no stock");
            }
            catch (InvalidOperationException e)
            {
                orders.LogError(e, "order {OrderId} failed", 18);
            }
            loggers.CreateLogger("Shop.Mail").LogCritical("mail is down\nfor all");
        });

        var read = received.Select(r => Taken(r.Encoding == "gzip" ? OtlpReceiver.Unzipped(r.Body) : r.Body)).ToList();
        var chunks = read.SelectMany(r => r.Chunks).ToList();
        var events = Assembled.From(string.Concat(chunks.Select(Lines)));

        Assert.All(received, r => Assert.Equal(("application/x-protobuf", compression == OtlpExportCompression.GZip ? "gzip" : ""), (r.Type, r.Encoding)));
        Assert.Equal((3, 0), (read.Sum(r => r.Accepted), read.Sum(r => r.Refused)));
        Assert.All(chunks, c => Assert.Equal(new LogLabels("shop", "1.2.3", "host-1"), c.Labels));
        Assert.Equal(2, chunks.Select(c => c.Part).Distinct().Count());
        Assert.Equal([LogLevel.Warning, LogLevel.Error, LogLevel.Critical], events.Select(e => e.Level));
        Assert.Equal("order 17 is late", events[0].Text);
        Assert.StartsWith("order 18 failed\nSystem.InvalidOperationException: no stock\n   at ", events[1].Text, StringComparison.Ordinal);
        Assert.Equal("mail is down\nfor all", events[2].Text);
        Assert.All(chunks, c => Assert.Contains("\"timeUnixNano\":\"", Lines(c), StringComparison.Ordinal));
    }

    // The example of the specification (opentelemetry-proto, examples/logs.json), in both cases of names.
    const string Example = """
        {"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},"scopeLogs":[{"scope":{"name":"my.library","version":"1.0.0",
        "attributes":[{"key":"my.scope.attribute","value":{"stringValue":"some scope attribute"}}]},"logRecords":[{"timeUnixNano":"1544712660300000000","observedTimeUnixNano":"1544712660300000000",
        "severityNumber":10,"severityText":"Information","traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","body":{"stringValue":"Example log record"},
        "attributes":[{"key":"string.attribute","value":{"stringValue":"some string"}},{"key":"boolean.attribute","value":{"boolValue":true}},{"key":"int.attribute","value":{"intValue":"10"}},
        {"key":"double.attribute","value":{"doubleValue":637.704}},{"key":"array.attribute","value":{"arrayValue":{"values":[{"stringValue":"many"},{"stringValue":"values"}]}}},
        {"key":"map.attribute","value":{"kvlistValue":{"values":[{"key":"some.map.key","value":{"stringValue":"some value"}}]}}}]}]}]}]}
        """;

    [Fact]
    public void The_example_of_the_specification_is_read_in_both_cases_of_names()
    {
        const string Expected = "{\"timeUnixNano\":\"1544712660300000000\",\"severityNumber\":10,\"severityText\":\"Information\",\"logger\":\"my.library\",\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"body\":\"Example log record\"}\n";
        var snake = Example;
        foreach (var (camel, name) in new[] { ("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records"), ("timeUnixNano", "time_unix_nano"), ("observedTimeUnixNano", "observed_time_unix_nano"), ("severityNumber", "severity_number"), ("severityText", "severity_text"), ("traceId", "trace_id"), ("stringValue", "string_value") })
            snake = snake.Replace($"\"{camel}\"", $"\"{name}\"", StringComparison.Ordinal);

        foreach (var body in new[] { Example, snake, Example.Replace("\"1544712660300000000\"", "1544712660300000000", StringComparison.Ordinal) })
        {
            var chunk = Assert.Single(OfJson(body).Chunks);

            Assert.Equal(Expected, Lines(chunk));
            Assert.Equal(("my.service", Near), (chunk.Labels.Service, chunk.Near));
        }
    }

    [Theory]
    [InlineData("""{"stringValue":"a \"b\"\nc"}""", "a \"b\"\nc")]
    [InlineData("""{"boolValue":true}""", "true")]
    [InlineData("""{"intValue":"-17"}""", "-17")]
    [InlineData("""{"intValue":17}""", "17")]
    [InlineData("""{"doubleValue":1.5}""", "1.5")]
    [InlineData("""{"doubleValue":"NaN"}""", "NaN")]
    [InlineData("""{"bytesValue":"AQID"}""", "AQID")]
    [InlineData("""{"arrayValue":{"values":[{"stringValue":"a"},{"intValue":"1"},{}]}}""", "[\"a\",1,null]")]
    [InlineData("""{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[]}}}]}}""", "{\"a\":[]}")]
    [InlineData("\"as it is\"", "as it is")]
    public void A_body_of_any_kind_is_text_in_json(string body, string text) =>
        Assert.Equal(text, Assert.Single(Assembled.From(Lines(Assert.Single(OfJson($$"""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{{body}}}]}]}]}""").Chunks)))).Text);

    [Fact]
    public void A_body_of_any_kind_is_text_in_protobuf()
    {
        (byte[] Value, string Text)[] kinds =
        [
            (Wire.Text(1, "a \"b\"\nc ä"), "a \"b\"\nc ä"),
            (Wire.Varint(2, 1), "true"),
            (Wire.Varint(3, unchecked((ulong)-17)), "-17"),
            (Wire.Fixed64(4, BitConverter.DoubleToUInt64Bits(1.5)), "1.5"),
            (Wire.Fixed64(4, BitConverter.DoubleToUInt64Bits(double.NaN)), "NaN"),
            (Wire.Bytes(5, Wire.Bytes(1, Wire.Text(1, "a")), Wire.Bytes(1, Wire.Varint(3, 1)), Wire.Bytes(1)), "[\"a\",1,null]"),
            (Wire.Bytes(6, Wire.Attribute(1, "a", Wire.Bytes(5))), "{\"a\":[]}"),
            (Wire.Bytes(7, [1, 2, 3]), "AQID"),
        ];

        Assert.All(kinds, kind => Assert.Equal(kind.Text, Assert.Single(Assembled.From(Lines(Assert.Single(Taken(Wire.Request(Wire.Bytes(5, kind.Value))).Chunks)))).Text));
    }

    [Fact]
    public void Fields_may_stand_in_any_order_and_unknown_ones_are_passed_over()
    {
        byte[] record = [.. Wire.Bytes(5, Wire.Text(1, "lost")), .. Wire.Varint(99, 5), .. Wire.Fixed64(98, 5), .. Wire.Text(97, "x"), .. Wire.Number((96 << 3) | 5), 1, 2, 3, 4, .. Wire.Fixed64(11, 1544712660300000000), .. Wire.Varint(2, 17)];
        var body = Wire.Bytes(1, Wire.Bytes(2, Wire.Bytes(2, record), Wire.Bytes(1, Wire.Text(2, "1.0"), Wire.Text(1, "orders"))), Wire.Bytes(1, Wire.Attribute(1, "service.name", Wire.Text(1, "shop"))));

        var chunk = Assert.Single(Taken(body).Chunks);

        Assert.Equal("shop", chunk.Labels.Service);
        Assert.Equal("{\"timeUnixNano\":\"1544712660300000000\",\"severityNumber\":17,\"logger\":\"orders\",\"body\":\"lost\"}\n", Lines(chunk));
    }

    [Fact]
    public void A_part_is_one_resource_and_scope_in_whatever_order_its_attributes_come()
    {
        static byte[] Request(string scope, params string[] attributes) => Wire.Bytes(1, Wire.Bytes(1, [.. attributes.Select(a => Wire.Attribute(1, a, Wire.Text(1, a + "1")))]), Wire.Bytes(2, Wire.Bytes(1, Wire.Text(1, scope)), Wire.Bytes(2, Wire.Bytes(5, Wire.Text(1, "lost")))));
        static string Part(byte[] body) => Assert.Single(Taken(body).Chunks).Part;

        Assert.Equal(Part(Request("a", "x", "y")), Part(Request("a", "y", "x")));
        Assert.NotEqual(Part(Request("a", "x", "y")), Part(Request("b", "x", "y")));
        Assert.NotEqual(Part(Request("a", "x", "y")), Part(Request("a", "x")));
        Assert.Equal("1ed3ed9e4d3d4a0f".Length, Part(Request("a", "x")).Length);
    }

    [Fact]
    public void An_exception_without_a_stack_trace_is_still_an_exception()
    {
        byte[] record = [.. Wire.Bytes(5, Wire.Text(1, "lost")), .. Wire.Attribute(6, "exception.type", Wire.Text(1, "shop.BadState")), .. Wire.Attribute(6, "exception.message", Wire.Text(1, "no stock"))];

        Assert.Equal("lost\nshop.BadState: no stock", Assert.Single(Assembled.From(Lines(Assert.Single(Taken(Wire.Request(record)).Chunks)))).Text);
    }

    [Fact]
    public void Records_that_say_nothing_are_refused_and_counted()
    {
        var taken = OfJson("""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}},{"severityNumber":9},{"body":{}},{"eventName":"started"}, 7]}]}]}""");

        Assert.Equal((2, 3, "a record has neither a body nor an exception"), (taken.Accepted, taken.Refused, taken.Why));
    }

    [Fact]
    public void A_huge_record_is_cut_to_what_a_line_may_have()
    {
        foreach (var text in new[] { new string('x', 1_000_000), new string('\u0001', 1_000_000), string.Concat(Enumerable.Repeat("\U0001F600", 100_000)) })
        {
            var lines = Assert.Single(Taken(Wire.Request(Wire.Bytes(5, Wire.Text(1, text)), Wire.Attribute(6, "exception.stacktrace", Wire.Text(1, text)))).Chunks).Lines;

            Assert.InRange(lines.Length, 4096, LineReader.DefaultMaxLineBytes);
            Assert.EndsWith("…", Assert.Single(Assembled.From(lines.ToArray())).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_line_of_the_collectors_file_exporter_is_several_events_of_that_line()
    {
        var export = Example.Replace("\n", "", StringComparison.Ordinal).Replace("\"logRecords\":[", "\"logRecords\":[{\"severityNumber\":17,\"body\":{\"stringValue\":\"first\"}},", StringComparison.Ordinal);

        var events = Assembled.From($"2026-03-01 09:00:00 INFO before\n{export}\n{{\"resourceLogs\":[]}}\n");

        Assert.Equal([("first", "2", LogLevel.Error), ("Example log record", "2", LogLevel.Info)], events.Where(e => e.Lines == "2").Select(e => (e.Text, e.Lines, e.Level)));
        Assert.Contains(events, e => e.Text.Contains("{\"resourceLogs\":[]}", StringComparison.Ordinal));
    }
}
