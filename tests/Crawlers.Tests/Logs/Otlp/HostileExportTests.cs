using System.Text;
using Crawlers.Logs.Otlp;

namespace Crawlers.Tests.Logs.Otlp;

/// <summary>Whatever is sent, the answer is a request or a refusal that names the byte, in memory that the body bounds.</summary>
public sealed class HostileExportTests
{
    static readonly byte[] Valid = Wire.Bytes(1, Wire.Bytes(1, Wire.Attribute(1, "service.name", Wire.Text(1, "shop")), Wire.Attribute(1, "host.name", Wire.Text(1, "h"))), Wire.Bytes(2,
        Wire.Bytes(1, Wire.Text(1, "orders"), Wire.Text(2, "1.0")),
        Wire.Bytes(2, Wire.Fixed64(1, 1544712660300000000), Wire.Varint(2, 17), Wire.Text(3, "ERROR"), Wire.Bytes(5, Wire.Text(1, "order 17 lost")), Wire.Attribute(6, "exception.stacktrace", Wire.Text(1, "a.B: x\n\tat a.B.c(B.java:1)")), Wire.Bytes(9, new byte[16])),
        Wire.Bytes(2, Wire.Bytes(5, Wire.Bytes(6, Wire.Attribute(1, "a", Wire.Bytes(5, Wire.Bytes(1, Wire.Varint(3, 7)), Wire.Bytes(1, Wire.Varint(2, 1)))), Wire.Attribute(1, "b", Wire.Bytes(7, [1, 2, 3]))))),
        Wire.Bytes(2, Wire.Bytes(5, Wire.Fixed64(4, 7)), Wire.Text(12, "event"))));

    static ExportRead Read(ReadOnlyMemory<byte> body, ExportEncoding encoding = ExportEncoding.Protobuf) => ReadExport.Run(body, encoding, DateTimeOffset.UnixEpoch);

    [Fact]
    public void Every_truncation_is_read_or_refused_at_a_byte_within()
    {
        for (var length = 0; length < Valid.Length; length++)
            if (Read(Valid.AsMemory(0, length)) is ExportRead.Malformed malformed) Assert.InRange(malformed.Offset, 0, length);
            else Assert.Equal(0, length);
    }

    [Fact]
    public void Random_changes_are_read_or_refused_without_much_memory()
    {
        var random = new Random(4711);
        Read(Valid);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20_000; i++)
        {
            var body = (byte[])Valid.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--) body[random.Next(body.Length)] ^= (byte)(1 << random.Next(8));
            var start = GC.GetAllocatedBytesForCurrentThread();

            var read = Read(body);

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - start, 0, 100_000);
            if (read is ExportRead.Malformed malformed) Assert.InRange(malformed.Offset, 0, body.Length);
        }
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20_000 * 30_000L);
    }

    [Fact]
    public void Random_changes_of_json_are_read_or_refused()
    {
        var random = new Random(815);
        var valid = """{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"sh\u00e4p"}}]},"scopeLogs":[{"scope":{"name":"a"},"logRecords":[{"timeUnixNano":"1","severityNumber":17,"body":{"kvlistValue":{"values":[{"key":"a","value":{"doubleValue":1.5}},{"key":"b","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}]}}}]}]}]}"""u8.ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var body = (byte[])valid.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--) body[random.Next(body.Length)] ^= (byte)(1 << random.Next(8));

            if (Read(body, ExportEncoding.Json) is ExportRead.Malformed malformed) Assert.InRange(malformed.Offset, 0, body.Length);
        }
        for (var length = 0; length < valid.Length; length++) Assert.IsType<ExportRead.Malformed>(Read(valid.AsMemory(0, length), ExportEncoding.Json));
    }

    [Theory]
    [InlineData("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"\\ud800\"}}]}]}]}", "a text is not valid Unicode", 0)]
    [InlineData("{\"resourceLogs\":{}}", "resourceLogs must be a list", 0)]
    [InlineData("[]", "the request must be an object", 0)]
    [InlineData("{\n\"resourceLogs\":[}", "this is no JSON", 18)]
    [InlineData("", "this is no JSON", 0)]
    public void Json_that_is_no_request_is_refused(string body, string problem, long offset) => Assert.Equal(new ExportRead.Malformed(problem, offset), Read(Encoding.UTF8.GetBytes(body), ExportEncoding.Json));

    [Fact]
    public void What_nests_without_end_is_cut_or_refused()
    {
        var value = Wire.Text(1, "deep");
        for (var depth = 0; depth < 5_000; depth++) value = Wire.Bytes(5, Wire.Bytes(1, value));
        var json = string.Concat(Enumerable.Repeat("{\"arrayValue\":{\"values\":[", 5_000));

        Assert.Equal(1, Assert.IsType<ExportRead.Taken>(Read(Wire.Request(Wire.Bytes(5, value)))).Accepted);
        Assert.IsType<ExportRead.Malformed>(Read(Encoding.UTF8.GetBytes("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":" + json), ExportEncoding.Json));
    }

    [Fact]
    public void Lengths_and_numbers_beyond_the_body_are_refused_where_they_stand()
    {
        Assert.Equal(new ExportRead.Malformed("2147483647 bytes are announced and 0 are left", 1), Read(new byte[] { 0x0a, 0xff, 0xff, 0xff, 0xff, 0x07 }));
        Assert.Equal(new ExportRead.Malformed("a number has more than ten bytes", 1), Read(new byte[] { 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }));
        Assert.Equal(new ExportRead.Malformed("wire type 3 is not in use", 0), Read(new byte[] { 0x0b, 0x0c }));
        Assert.Equal(new ExportRead.Malformed("a field has no number that protobuf knows", 0), Read(new byte[] { 0x00 }));
    }

    [Fact]
    public void More_records_than_a_request_may_have_are_refused_and_the_rest_is_taken()
    {
        var record = Wire.Bytes(2, Wire.Bytes(5, Wire.Text(1, "x")));
        var body = Wire.Bytes(1, Wire.Bytes(2, [.. Enumerable.Repeat(record, ReadExport.MaxRecords + 3)]));

        var taken = Assert.IsType<ExportRead.Taken>(Read(body));

        Assert.Equal((ReadExport.MaxRecords, 3, "a request may have 100000 records"), (taken.Accepted, taken.Refused, taken.Why));
    }

    [Fact]
    public void A_large_resource_of_many_scopes_is_named_once()
    {
        var scope = Wire.Bytes(2, Wire.Bytes(2, Wire.Bytes(5, Wire.Text(1, "x"))));
        var body = Wire.Bytes(1, [Wire.Bytes(1, Wire.Attribute(1, "big", Wire.Text(1, new string('x', 1_000_000)))), .. Enumerable.Repeat(scope, 20_000)]);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(20_000, Assert.IsType<ExportRead.Taken>(Read(body)).Accepted);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000_000);
    }
}
