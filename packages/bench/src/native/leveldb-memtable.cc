// Measures LevelDB's own memtable, called as DBImpl calls it, with the inputs of all contenders. Reads a file of words
// and bytes, in the order in which leveldb-memtable.ts writes them. Prints the results as JSON.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

#include "db/dbformat.h"
#include "db/memtable.h"
#include "leveldb/comparator.h"
#include "leveldb/value_sink.h"

using namespace leveldb;

static const size_t kChunk = 1000;

static double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static long ResidentBytes() {
  long size = 0, resident = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

class Input {
 public:
  explicit Input(const char* path) : at_(0) {
    FILE* file = fopen(path, "rb");
    if (file == nullptr || fseek(file, 0, SEEK_END) != 0) Fail(path);
    bytes_.resize(ftell(file));
    rewind(file);
    if (fread(&bytes_[0], 1, bytes_.size(), file) != bytes_.size()) Fail(path);
    fclose(file);
  }
  uint32_t Word() {
    uint32_t word;
    memcpy(&word, Take(4), 4);
    return word;
  }
  Slice Bytes() {
    const uint32_t length = Word();
    return Slice(Take(length), length);
  }

 private:
  const char* Take(size_t length) {
    if (at_ + length > bytes_.size()) Fail("the input is cut short");
    at_ += length;
    return bytes_.data() + at_ - length;
  }
  static void Fail(const char* what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
  }
  std::string bytes_;
  size_t at_;
};

// Copies the inputs of a chunk into the cache, as for the other contenders.
static void Fill(std::vector<std::string>* chunk, Input* input, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const Slice bytes = input->Bytes();
    (*chunk)[i].assign(bytes.data(), bytes.size());
  }
}

static uint64_t Seen(const Slice& value) { return value.size() + static_cast<unsigned char>(value[0]); }

static void Print(const char* name, size_t operations, double seconds, uint64_t sum) {
  printf("\"%s\": {\"operations\": %zu, \"seconds\": %.9f, \"sum\": %llu}, ", name, operations, seconds,
         static_cast<unsigned long long>(sum));
}

int main(int, char** argv) {
  Input input(argv[1]);
  const size_t entries = input.Word();
  const size_t reads = input.Word();
  const size_t scans = input.Word();
  std::vector<std::string> chunk(2 * kChunk);

  InternalKeyComparator comparator(BytewiseComparator());
  MemTable* table = new MemTable(comparator);
  table->Ref();
  const long before = ResidentBytes();
  double insert_seconds = 0, stall_seconds = 0;
  for (size_t from = 0; from < entries; from += kChunk) {
    const size_t count = std::min(kChunk, entries - from);
    const double turn = Now();
    Fill(&chunk, &input, 2 * count);
    const double start = Now();
    for (size_t i = 0; i < count; i++) table->Add(from + i + 1, kTypeValue, chunk[2 * i], chunk[2 * i + 1]);
    const double end = Now();
    insert_seconds += end - start;
    stall_seconds = std::max(stall_seconds, end - turn);
  }
  const long resident = ResidentBytes() - before;

  double get_seconds = 0;
  uint64_t get_sum = 0;
  for (size_t from = 0; from < reads; from += kChunk) {
    const size_t count = std::min(kChunk, reads - from);
    Fill(&chunk, &input, count);
    const double start = Now();
    for (size_t i = 0; i < count; i++) {
      std::string value;
      StringValueSink sink(&value);
      Status status;
      LookupKey key(chunk[i], entries);
      if (table->Get(key, &sink, &status)) get_sum += Seen(value);
    }
    get_seconds += Now() - start;
  }

  double scan_seconds[2];
  uint64_t scan_sums[2] = {0, 0};
  for (int reverse = 0; reverse < 2; reverse++) {
    const double start = Now();
    for (size_t i = 0; i < scans; i++) {
      Iterator* at = table->NewIterator();
      for (reverse ? at->SeekToLast() : at->SeekToFirst(); at->Valid(); reverse ? at->Prev() : at->Next()) {
        const Slice key = ExtractUserKey(at->key());
        scan_sums[reverse] += static_cast<unsigned char>(key[key.size() - 1]) + Seen(at->value());
      }
      delete at;
    }
    scan_seconds[reverse] = Now() - start;
  }

  printf("{\"operations\": {");
  Print("insert", entries, insert_seconds, 0);
  Print("get", reads, get_seconds, get_sum);
  Print("reverse-scan", entries * scans, scan_seconds[1], scan_sums[1]);
  printf("\"scan\": {\"operations\": %zu, \"seconds\": %.9f, \"sum\": %llu}}, ", entries * scans, scan_seconds[0],
         static_cast<unsigned long long>(scan_sums[0]));
  printf("\"accountedBytes\": %zu, \"residentBytes\": %ld, \"longestStallMs\": %.6f}\n", table->ApproximateMemoryUsage(),
         resident, 1000 * stall_seconds);
  table->Unref();
  return 0;
}
