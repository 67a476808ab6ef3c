#include "persistence/frozen_file_system.hpp"

#include <rocksdb/file_system.h>

#include <cstring>

namespace qstar::persistence {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using FilePtr = std::shared_ptr<const InputFile>;

IOStatus read_only() { return IOStatus::NotSupported("a snapshot is read-only"); }

IOStatus read(const InputFile& file, std::uint64_t offset, std::size_t n, Slice* result,
              char* scratch) {
  const auto got = file.read(offset, {scratch, n});
  if (!got) return IOStatus::IOError("read", std::strerror(got.error()));
  *result = Slice(scratch, *got);
  return IOStatus::OK();
}

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  explicit SequentialFile(FilePtr file) : file_(std::move(file)) {}
  IOStatus Read(std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    auto status = read(*file_, offset_, n, result, scratch);
    if (status.ok()) offset_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t n) override {
    offset_ += n;
    return IOStatus::OK();
  }

 private:
  FilePtr file_;
  std::uint64_t offset_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccessFile(FilePtr file) : file_(std::move(file)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return read(*file_, offset, n, result, scratch);
  }

 private:
  FilePtr file_;
};

class FrozenFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FrozenFileSystem(FrozenFiles files)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), files_(std::move(files)) {}
  const char* Name() const override { return "FrozenFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* out,
                             IODebugContext*) override {
    return open<SequentialFile>(path, out);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* out,
                               IODebugContext*) override {
    return open<RandomAccessFile>(path, out);
  }
  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    return find(path) ? IOStatus::OK() : IOStatus::NotFound(path);
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* size,
                       IODebugContext*) override {
    const auto file = find(path);
    if (!file) return IOStatus::PathNotFound(path, "missing");
    *size = file->size();
    return IOStatus::OK();
  }
  IOStatus GetChildren(const std::string&, const IOOptions&, std::vector<std::string>* names,
                       IODebugContext*) override {
    names->clear();
    for (const auto& [name, file] : files_) names->push_back(name);
    return IOStatus::OK();
  }
  IOStatus GetChildrenFileAttributes(const std::string&, const IOOptions&,
                                     std::vector<rocksdb::FileAttributes>* all,
                                     IODebugContext*) override {
    all->clear();
    for (const auto& [name, file] : files_) all->push_back({name, file->size()});
    return IOStatus::OK();
  }
  IOStatus CreateDirIfMissing(const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }

  IOStatus NewWritableFile(const std::string&, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return read_only();
  }
  IOStatus ReopenWritableFile(const std::string&, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return read_only();
  }
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return read_only();
  }
  IOStatus NewRandomRWFile(const std::string&, const FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>*, IODebugContext*) override {
    return read_only();
  }
  IOStatus NewMemoryMappedFileBuffer(const std::string&,
                                     std::unique_ptr<rocksdb::MemoryMappedFileBuffer>*) override {
    return read_only();
  }
  IOStatus NewDirectory(const std::string&, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>*, IODebugContext*) override {
    return read_only();
  }
  IOStatus DeleteFile(const std::string&, const IOOptions&, IODebugContext*) override {
    return read_only();
  }
  IOStatus Truncate(const std::string&, std::size_t, const IOOptions&, IODebugContext*) override {
    return read_only();
  }
  IOStatus CreateDir(const std::string&, const IOOptions&, IODebugContext*) override {
    return read_only();
  }
  IOStatus DeleteDir(const std::string&, const IOOptions&, IODebugContext*) override {
    return read_only();
  }
  IOStatus RenameFile(const std::string&, const std::string&, const IOOptions&,
                      IODebugContext*) override {
    return read_only();
  }
  IOStatus LinkFile(const std::string&, const std::string&, const IOOptions&,
                    IODebugContext*) override {
    return read_only();
  }
  IOStatus LockFile(const std::string&, const IOOptions&, rocksdb::FileLock**,
                    IODebugContext*) override {
    return read_only();
  }

 private:
  FilePtr find(const std::string& path) const {
    const auto it = files_.find(path.substr(path.find_last_of('/') + 1));
    return it == files_.end() ? nullptr : it->second;
  }

  template <class File, class Out>
  IOStatus open(const std::string& path, Out* out) const {
    auto file = find(path);
    if (!file) return IOStatus::PathNotFound(path, "missing");
    *out = std::make_unique<File>(std::move(file));
    return IOStatus::OK();
  }

  FrozenFiles files_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> environment_of(FrozenFiles files) {
  return rocksdb::NewCompositeEnv(std::make_shared<FrozenFileSystem>(std::move(files)));
}

}  // namespace qstar::persistence
